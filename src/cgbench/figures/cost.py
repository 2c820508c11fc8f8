"""Error of backmapping against the times of training and of sampling."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from cgbench.core.wording import counted
from cgbench.figures.panels import clear, draw_points, mean_and_error, part, shown_part
from cgbench.figures.style import (
    DOUBLE_COLUMN,
    GREY,
    MethodStyle,
    add_title,
    method_legend,
    method_styles,
    notice,
    point_sizes,
    styled,
)
from cgbench.results.tables import ROW_KEY

MEAN, BEST = "rmsd_backmap_mean", "rmsd_backmap_min"
SHORTEST = 1e-3  # in the unit of the axis; shorter times, which the clock cannot resolve, are drawn here
AXES = {"training": "training (s)", "sampling": "sampling (ms per frame)"}


def cost(scores: pd.DataFrame, runs: pd.DataFrame, dataset: str, mapping: str) -> Figure:
    """Draw the error of all atoms of samples against time: a column per resolution, a point per method.

    Parameters
    ----------
    scores
        Table of :func:`cgbench.statistics.interval_tables.intervals`, or the leaderboard.
    runs
        Table that :func:`cgbench.results.tables.collect` wrote.

    Raises
    ------
    InputError
        If the tables have nothing on this dataset and mapping.
    """
    summary = shown_part(scores, dataset, mapping, "all", (MEAN, BEST))
    if summary.empty:
        return notice(f"Nothing to draw: run.metrics has neither {MEAN} nor {BEST}.")
    errors, times = mean_and_error(summary), _times(part(runs, dataset, mapping))
    styles, resolutions = method_styles(summary["method"]), sorted(summary["n_beads"].unique().tolist())
    sizes = point_sizes(styles)
    with styled():
        figure = Figure(figsize=(DOUBLE_COLUMN, 0.95 + 1.75 * len(AXES)), layout="constrained")
        grid = figure.subplots(len(AXES), max(len(resolutions), 2), squeeze=False, sharex="row", sharey=True)
        for row, (quantity, label) in enumerate(AXES.items()):
            for column, n_beads in enumerate(resolutions):
                axes = grid[row, column]
                for name, style in styles.items():
                    error, best = (errors.get((n_beads, name, metric)) for metric in (MEAN, BEST))
                    time = float(times[quantity].get((n_beads, name), np.nan))
                    if error and best and not np.isnan(time):
                        _draw(axes, time, error, best[0], style, sizes[name])
                if column == (len(resolutions) - 1) // 2:  # centred below all columns
                    axes.set_xlabel(label)
                clear(axes)
                if row == 0:
                    axes.set_title(counted(n_beads, "bead"), pad=3)
            _scale(grid[row, 0], times[quantity])
            grid[row, 0].set_ylabel("RMSD, all atoms (Å)")
            for axes in grid[row, len(resolutions) :]:
                axes.set_visible(False)
        highest = summary["mean"].max()
        grid[0, 0].set_ylim(-0.05 * highest, 1.08 * highest)
        stem = Line2D([], [], color=GREY, marker="_", ms=6, mew=1.2, lw=0.8, label="best sample of a frame")
        method_legend(figure, styles, False, stem)
        add_title(figure, f"{dataset}, mapping: {mapping}")
    return figure


def _times(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean seconds of training and milliseconds of sampling per frame, by resolution and method."""
    keys = [runs[key] for key in ROW_KEY[2:]]
    training = runs["wall_seconds"].groupby(keys).mean()
    sampling = (1e3 * runs["sample_seconds"] / runs["n_test"]).groupby(keys).mean()
    times = pd.DataFrame({"training": training, "sampling": sampling})
    return times.clip(lower=SHORTEST)


def _draw(
    axes: Axes, time: float, error: tuple[float, float], best: float, style: MethodStyle, size: float
) -> None:
    """Draw the mean over samples with its error bar, and a stem down to the best sample."""
    axes.plot(
        [time, time], [error[0], best], color=style.color, linewidth=0.8, zorder=2,
        marker="_", markevery=[1], markersize=6, markeredgewidth=1.2,
    )  # fmt: skip
    draw_points(axes, time, error[0], style, size, y_error=error[1])


def _scale(axes: Axes, times: pd.Series) -> None:
    axes.set_xscale("log")
    if times.notna().any():
        axes.set_xlim(times.min() / 2.5, times.max() * 2.5)
    axes.xaxis.set_major_locator(LogLocator(numticks=3))
    axes.xaxis.set_minor_locator(NullLocator())
