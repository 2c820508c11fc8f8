"""Panels side by side, one for each resolution."""

from collections.abc import Iterable, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cgbench.core.errors import InputError
from cgbench.figures.style import DOUBLE_COLUMN

COLUMNS = 4
NARROWEST = 2  # panels that a figure has room for even where there is one


def part(table: pd.DataFrame, dataset: str, mapping: str) -> pd.DataFrame:
    """Rows of one dataset and mapping.

    Raises
    ------
    InputError
        If there are none.
    """
    chosen = table[(table["dataset"] == dataset) & (table["mapping"] == mapping)]
    if chosen.empty:
        raise InputError(f"no rows for dataset {dataset!r} with mapping {mapping!r}; run those cells first")
    return chosen


def mean_and_error(summary: pd.DataFrame) -> dict[tuple[int, str, str], tuple[float, float]]:
    """Look up mean and standard error by resolution, method and metric, of one task and set of atoms."""
    keys = zip(summary["n_beads"].tolist(), summary["method"], summary["metric"], strict=True)
    return dict(zip(keys, zip(summary["mean"], summary["se"], strict=True), strict=True))


def resolution_panels(
    resolutions: Sequence[int], height: float, room: float
) -> tuple[Figure, list[tuple[int, Axes]]]:
    """Lay out panels with common axes, four in a row.

    Parameters
    ----------
    resolutions
        Numbers of beads, in order.
    height
        Of a row of panels, inches.
    room
        For what stands above and below the panels, inches.

    Returns
    -------
    figure, panels
        The panels with their resolutions.
    """
    n_columns = min(COLUMNS, max(len(resolutions), NARROWEST))
    n_rows = -(-len(resolutions) // n_columns)
    figure = Figure(figsize=(DOUBLE_COLUMN, room + height * n_rows), layout="constrained")
    grid = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    for axes in grid.ravel()[len(resolutions) :]:
        axes.set_visible(False)
    panels = list(zip(resolutions, grid.ravel(), strict=False))
    for n_beads, axes in panels:
        axes.set_title(f"{n_beads} beads", pad=3)
        clear(axes)
    return figure, panels


def clear(axes: Axes) -> None:
    """Leave two spines and a faint grid behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="0.92", linewidth=0.5)
    axes.set_axisbelow(True)


def label_outside(panels: Iterable[Axes], x: str, y: str) -> None:
    """Label the axes of panels that have none to their left, or below them."""
    shown = list(panels)
    for axes in shown:
        place = axes.get_subplotspec()
        if place is None:
            continue
        if place.is_first_col():
            axes.set_ylabel(y)
        below = place.num1 + place.get_gridspec().ncols
        if below >= len(shown):
            axes.set_xlabel(x)
            axes.tick_params(labelbottom=True)
