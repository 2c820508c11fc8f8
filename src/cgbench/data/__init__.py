"""From trajectories to checked frames and splits: sources, downloads, preparation."""
