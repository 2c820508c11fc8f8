"""Figures: they see tidy tables and stored frames only."""
