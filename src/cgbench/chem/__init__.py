"""Molecules, trajectories, geometry and observables."""
