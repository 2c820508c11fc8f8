"""A point per method and resolution: what figures of one quantity against another share."""

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from cgbench.figures.panels import part
from cgbench.figures.style import EDGE, EDGE_WIDTH, MethodStyle, method_styles, point_sizes
from cgbench.results.tables import mean_over_folds


@dataclass(frozen=True)
class MethodPoints:
    """Scores of one dataset and mapping, and how the points of their methods look.

    Attributes
    ----------
    summary
        A row per resolution, method and metric, from :func:`cgbench.results.tables.mean_over_folds`.
    styles, sizes
        Look and marker size (points) of every method, in the order in which they are drawn.
    resolutions
        Numbers of beads, from coarse to fine.
    """

    summary: pd.DataFrame
    styles: dict[str, MethodStyle]
    sizes: dict[str, float]
    resolutions: list[int]


def method_points(
    metrics: pd.DataFrame, dataset: str, mapping: str, atoms: str, shown: Collection[str]
) -> MethodPoints:
    """Choose the scores of the metrics ``shown`` from a collected table.

    Raises
    ------
    InputError
        If the table has nothing on this dataset and mapping.
    """
    summary = mean_over_folds(part(metrics, dataset, mapping))
    summary = summary[(summary["atoms"] == atoms) & summary["metric"].isin(list(shown))]
    styles = method_styles(summary["method"])
    resolutions = sorted(summary["n_beads"].unique().tolist())
    return MethodPoints(summary, styles, point_sizes(styles), resolutions)


def draw_point(
    axes: Axes,
    x: float,
    y: float,
    look: MethodStyle,
    size: float,
    x_error: float | None = None,
    y_error: float | None = None,
) -> None:
    """Draw one method with its error bars; ``size`` of the marker in points."""
    axes.errorbar(
        x,
        y,
        xerr=x_error,
        yerr=y_error,
        color=look.color,
        marker=look.marker,
        markeredgecolor=EDGE,
        markeredgewidth=EDGE_WIDTH,
        markersize=size,
        capsize=1.8,
        elinewidth=0.8,
        linestyle="none",
        zorder=3,
    )
