"""Bootstrap, blocks, confidence intervals, noise floor, scores by state."""
