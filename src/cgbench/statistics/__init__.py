"""Blocks, confidence intervals by the jackknife, noise floor, scores by state."""
