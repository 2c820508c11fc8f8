"""Sources of trajectories, downloads, prepared frames and splits."""
