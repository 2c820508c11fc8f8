"""Diversity of samples against their validity."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from cgbench.core.wording import counted
from cgbench.figures.panels import LINEAR_BELOW, clear, draw_points, mean_and_error, shown_part
from cgbench.figures.style import (
    DOUBLE_COLUMN,
    GREY,
    add_title,
    method_legend,
    method_styles,
    notice,
    point_sizes,
    styled,
)
from cgbench.results.tables import metric_info

COLUMNS = 4  # panels in a row
VALIDITY, DIVERSITY = "graph_xor", "diversity"


def diversity_validity(scores: pd.DataFrame, dataset: str, mapping: str, atoms: str = "all") -> Figure:
    """Draw diversity against graph error, a panel per resolution and a point per method.

    Parameters
    ----------
    scores
        Table of :func:`cgbench.statistics.interval_tables.intervals`, or the leaderboard.
    dataset, mapping, atoms
        Which part of it.

    Raises
    ------
    InputError
        If the table has nothing on this dataset and mapping.
    """
    summary = shown_part(scores, dataset, mapping, atoms, (VALIDITY, DIVERSITY))
    if summary.empty:
        return notice(f"Nothing to draw: run.metrics has neither {VALIDITY} nor {DIVERSITY}.")
    points, styles = mean_and_error(summary), method_styles(summary["method"])
    sizes = point_sizes(styles)
    x_label, y_label = (f"{metric_info(name).label}, {atoms} atoms" for name in (VALIDITY, DIVERSITY))
    resolutions = sorted(summary["n_beads"].unique().tolist())
    n_columns = min(COLUMNS, max(len(resolutions), 2))
    n_rows = -(-len(resolutions) // n_columns)
    with styled():
        figure = Figure(figsize=(DOUBLE_COLUMN, 0.95 + 1.9 * n_rows), layout="constrained")
        grid = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True).ravel()
        for axes in grid[len(resolutions) :]:
            axes.set_visible(False)
        for axes in grid[: len(resolutions)][-n_columns:]:
            axes.tick_params(labelbottom=True)
            axes.set_xlabel(x_label)
        for n_beads, axes in zip(resolutions, grid, strict=False):
            axes.set_title(counted(n_beads, "bead"), pad=3)
            clear(axes)
            for name, style in styles.items():
                validity, diversity = (points.get((n_beads, name, key)) for key in (VALIDITY, DIVERSITY))
                if validity and diversity:
                    draw_points(
                        axes, validity[0], diversity[0], style, sizes[name], validity[1], diversity[1]
                    )
            _mark_ideal(axes)
        means = summary.groupby("metric")["mean"]
        _scale(grid[0], means.max().get(VALIDITY, 1.0), means.min().get(DIVERSITY, 0.0))
        figure.supylabel(y_label, fontsize="medium")
        method_legend(figure, styles, False, most=5)
        add_title(figure, f"{dataset}, mapping: {mapping}")
    return figure


def _mark_ideal(axes: Axes) -> None:
    """Point to the origin, the place of samples from the true conditional distribution."""
    axes.axhline(0, color=GREY, linewidth=0.5, zorder=1)
    axes.axvline(0, color=GREY, linewidth=0.5, zorder=1)
    axes.annotate(
        "better",
        xy=(0, 0),
        xytext=(0.3, 0.33),
        textcoords="axes fraction",
        ha="center",
        va="center",
        color=GREY,
        fontsize=6.5,
        arrowprops={"arrowstyle": "-|>", "color": "0.7", "linewidth": 1.0, "shrinkB": 7},
        zorder=2,
    )


def _scale(axes: Axes, worst: float, lowest: float) -> None:
    axes.set_xscale("symlog", linthresh=LINEAR_BELOW, linscale=0.6)
    axes.set_xlim(-LINEAR_BELOW / 4, max(2.0, 1.6 * worst))
    axes.xaxis.set_major_locator(FixedLocator([0.0, 0.01, 0.1, 1.0, 10.0]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_ylim(min(-0.12, 1.15 * lowest), 1.08)
