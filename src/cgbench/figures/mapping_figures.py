"""Figures of the mappings of one dataset by one method, at all resolutions."""

from collections.abc import Iterator

from matplotlib.figure import Figure

from cgbench.figures.mapping_graph import mapping_graph
from cgbench.figures.mapping_view import mapping_view
from cgbench.figures.run_selection import RunSelection
from cgbench.figures.style import notice


def mapping_figures(selection: RunSelection) -> Iterator[tuple[str, Figure]]:
    """Draw ``mapping`` on the bond graph and ``mapping-view`` on the first frame.

    Yields the name of each file without suffix, and the figure.

    Raises
    ------
    InputError
        If a file is missing or damaged, or belongs to other frames.
    """
    frames = selection.frames()
    mappings = selection.mappings(frames)
    if not mappings:
        yield "mapping", notice("Nothing to draw yet.")
        return
    yield "mapping", mapping_graph(frames.molecule, mappings, selection.title)
    yield "mapping-view", mapping_view(frames.molecule, frames.positions[0], mappings, selection.title)
