"""The stages of a run: train, sample, score, backmap, and the leakage study."""
