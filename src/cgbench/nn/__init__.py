"""Neural network modules and the training loop of the methods."""
