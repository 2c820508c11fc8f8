"""The configuration and the matrix of runs that follows from it."""
