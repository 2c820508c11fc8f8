"""Figures of the collected tables of scores and costs."""

from collections.abc import Iterator, Sequence

import pandas as pd
from matplotlib.figure import Figure

from cgbench.figures.comparison import comparison
from cgbench.figures.cost import cost
from cgbench.figures.fidelity import fidelity
from cgbench.figures.style import add_note


def score_figures(
    scores: pd.DataFrame,
    runs: pd.DataFrame,
    floors: pd.DataFrame,
    dataset: str,
    mapping: str,
    atoms: Sequence[str] = (),
    note: str = "",
) -> Iterator[tuple[str, Figure]]:
    """Draw ``comparison``, ``fidelity`` and ``cost`` of one dataset and mapping.

    Parameters
    ----------
    scores
        Table of :func:`cgbench.statistics.interval_tables.intervals`, or the leaderboard.
    runs
        Table that :func:`cgbench.results.tables.collect` wrote.
    floors
        From :func:`cgbench.figures.noise_floor.read_floors`.
    atoms
        Sets of atoms of the comparison; :func:`cgbench.figures.comparison.comparison` chooses, if not given.
    note
        Written on each figure, such as a list of missing runs.

    Yields
    ------
    str, Figure
        Name of the file without suffix, and the figure.
    """
    yield "comparison", comparison(scores, runs, dataset, mapping, atoms, note)
    yield "fidelity", add_note(fidelity(scores, floors, dataset, mapping), note)
    yield "cost", add_note(cost(scores, runs, dataset, mapping), note)
