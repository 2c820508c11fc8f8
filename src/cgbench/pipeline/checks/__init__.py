"""Checks of all-atom structures that pass or fail, without a run."""
