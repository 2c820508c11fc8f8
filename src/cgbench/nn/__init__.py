"""Neural network modules, training loop, refinement, and the facts of a task by which settings are chosen."""
