"""Neural network parts and the training loop that the methods share."""
