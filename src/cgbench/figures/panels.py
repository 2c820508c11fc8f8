"""Panels, axes and points that figures of scores share."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from cgbench.core.errors import InputError
from cgbench.figures.style import EDGE, EDGE_WIDTH, GREY, MethodStyle

LINEAR_BELOW = 0.01  # below this, in the unit of the score, an axis that includes 0 is linear by default


def part(table: pd.DataFrame, dataset: str, mapping: str) -> pd.DataFrame:
    """Rows of one dataset and mapping.

    Raises
    ------
    InputError
        If there are none.
    """
    chosen = table[(table["dataset"] == dataset) & (table["mapping"] == mapping)]
    if chosen.empty:
        pairs = table[["dataset", "mapping"]].drop_duplicates().itertuples(index=False)
        raise InputError(
            f"no rows for dataset {dataset!r} with mapping {mapping!r}; the table has: "
            + ", ".join(f"{dataset} with {mapping}" for dataset, mapping in pairs)
        )
    return chosen


def shown_part(
    scores: pd.DataFrame, dataset: str, mapping: str, atoms: str, shown: Collection[str]
) -> pd.DataFrame:
    """Rows of the metrics ``shown`` that have a value, of one dataset, mapping and set of atoms.

    Raises
    ------
    InputError
        If the table has nothing on this dataset and mapping.
    """
    chosen = part(scores, dataset, mapping).dropna(subset="mean")
    return chosen[(chosen["atoms"] == atoms) & chosen["metric"].isin(list(shown))]


def half_width(scores: pd.DataFrame) -> pd.Series:
    """Half the width of the confidence interval of each row; NaN where there is none."""
    return scores["high"] - scores["mean"]


def mean_and_error(scores: pd.DataFrame) -> dict[tuple[int, str, str], tuple[float, float]]:
    """Mean and half its interval by resolution, method and metric, of one task and set of atoms."""
    keys = zip(scores["n_beads"].tolist(), scores["method"], scores["metric"], strict=True)
    return dict(zip(keys, zip(scores["mean"], half_width(scores), strict=True), strict=True))


def clear(axes: Axes) -> None:
    """Leave two spines and a faint grid behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="0.92", linewidth=0.5)
    axes.set_axisbelow(True)


def draw_points(
    axes: Axes,
    x: float | pd.Series,
    y: float | pd.Series,
    style: MethodStyle,
    size: float = 4.5,
    x_error: float | pd.Series | None = None,
    y_error: float | pd.Series | None = None,
    line: bool = False,
) -> None:
    """Draw points of one method with error bars, and the line that joins them; ``size`` in points."""
    axes.errorbar(
        x,
        y,
        xerr=x_error,
        yerr=y_error,
        color=style.color,
        marker=style.marker,
        markeredgecolor=EDGE,
        markeredgewidth=EDGE_WIDTH,
        markersize=size,
        capsize=1.8,
        elinewidth=0.8,
        linestyle=style.linestyle if line else "none",
        zorder=3,
    )


def resolution_ticks(axes: Axes, resolutions: Sequence[int]) -> None:
    """Put ticks at the resolutions alone."""
    axes.xaxis.set_major_locator(FixedLocator(list(resolutions)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(min(resolutions) - 0.5, max(resolutions) + 0.5)


def decade(values: pd.Series) -> float:
    """Power of ten at or below the smallest positive value; :data:`LINEAR_BELOW` if there is none."""
    positive = values[values > 0]
    return float(10.0 ** np.floor(np.log10(positive.min()))) if len(positive) else LINEAR_BELOW


def scale_from_zero(axes: Axes, highest: float, linear_below: float, lowest: float = 0.0) -> None:
    """Scale the y axis from ``lowest`` to ``highest``: linear below ``linear_below``, else logarithmic."""
    axes.set_yscale("symlog", linthresh=linear_below, linscale=0.6)
    axes.set_ylim(min(lowest, -linear_below / 5), max(highest, 2 * linear_below))
    axes.axhline(0, color=GREY, linewidth=0.5, zorder=1)
    powers = linear_below * 10.0 ** np.arange(7)
    set_ticks(axes, [*-powers[::-1], 0.0, *powers] if lowest < 0 else [0.0, *powers])


def set_ticks(axes: Axes, places: Sequence[float]) -> None:
    """Put ticks with plain numbers on the y axis."""
    axes.yaxis.set_major_locator(FixedLocator(places))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
