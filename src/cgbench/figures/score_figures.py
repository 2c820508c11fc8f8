"""Figures of the collected tables of scores and costs."""

from collections.abc import Iterator, Sequence

import pandas as pd
from matplotlib.figure import Figure

from cgbench.figures.comparison import Spread, comparison
from cgbench.figures.cost import cost
from cgbench.figures.diversity_validity import diversity_validity
from cgbench.figures.fidelity import fidelity
from cgbench.figures.style import add_note


def score_figures(
    metrics: pd.DataFrame,
    runs: pd.DataFrame,
    floors: pd.DataFrame,
    dataset: str,
    mapping: str,
    atoms: Sequence[str] = ("heavy", "all"),
    spread: Spread = "se",
    note: str = "",
) -> Iterator[tuple[str, Figure]]:
    """Draw ``comparison``, ``fidelity``, ``cost`` and ``diversity-validity`` of one dataset and mapping.

    Parameters
    ----------
    metrics, runs
        Tables that :func:`cgbench.results.tables.collect` wrote.
    floors
        From :func:`cgbench.figures.noise_floor.read_floors`.
    atoms, spread
        Sets of atoms and error bars of the comparison.
    note
        Written on each figure, such as a list of missing runs.

    Yields
    ------
    str, Figure
        Name of the file without suffix, and the figure.
    """
    yield "comparison", comparison(metrics, runs, dataset, mapping, atoms, spread, note)
    yield "fidelity", add_note(fidelity(metrics, floors, dataset, mapping), note)
    yield "cost", add_note(cost(metrics, runs, dataset, mapping), note)
    yield "diversity-validity", add_note(diversity_validity(metrics, dataset, mapping), note)
