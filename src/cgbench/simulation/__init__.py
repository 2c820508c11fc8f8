"""Trajectories the project makes itself: from a sequence to walkers with their provenance."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cgbench.simulation.card import bundle
    from cgbench.simulation.recipe import Recipe
    from cgbench.simulation.structure import build_structure
    from cgbench.simulation.walker import simulate_walker

__all__ = ["Recipe", "build_structure", "bundle", "simulate_walker"]

_HOMES = {"Recipe": "recipe", "build_structure": "structure", "bundle": "card", "simulate_walker": "walker"}


def __getattr__(name: str) -> Any:
    """Import on first use: the configuration needs the recipe alone, not OpenMM."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
