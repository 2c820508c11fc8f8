"""Figures of the molecular dynamics of one dataset."""

from collections.abc import Iterator

from matplotlib.figure import Figure

from cgbench.core.atomic_io import read_json
from cgbench.figures.rmsd_rg import rmsd_rg
from cgbench.figures.run_selection import RunSelection
from cgbench.figures.walkers import walkers


def trajectory_figures(selection: RunSelection) -> Iterator[tuple[str, Figure]]:
    """Draw ``walkers``, the agreement of trajectories, and ``rmsd-rg``, their conformations over time.

    Yields the name of each file without suffix, and the figure.

    Raises
    ------
    InputError
        If a file is missing or damaged.
    """
    frames = selection.frames()
    card = read_json(selection.data / "card.json")
    states = [known.get("state", "") for known in card["trajectories"]]
    yield "walkers", walkers(frames, selection.dataset)
    yield "rmsd-rg", rmsd_rg(frames, states, selection.dataset)
