"""Trajectories the project makes itself: from a sequence to walkers with their provenance."""

from cgbench.simulation.card import bundle
from cgbench.simulation.recipe import Recipe
from cgbench.simulation.structure import build_structure
from cgbench.simulation.walker import simulate_walker

__all__ = ["Recipe", "build_structure", "bundle", "simulate_walker"]
