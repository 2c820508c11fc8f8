"""What accuracy costs: error of backmapping against the time of training and of sampling."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from cgbench.figures.method_points import draw_point, method_points
from cgbench.figures.panels import clear, mean_and_error, part
from cgbench.figures.style import (
    DOUBLE_COLUMN,
    GREY,
    MethodStyle,
    legend_columns,
    method_handles,
    notice,
    readable,
    styled,
)
from cgbench.results.tables import TASK

MEAN, BEST = "rmsd_backmap_mean", "rmsd_backmap_min"
# Times below are drawn here: a logarithmic axis has no 0, and less is noise of the clock.
SHORTEST = {"training": 1e-3, "sampling": 1e-3}
AXES = {"training": "training (s)", "sampling": "sampling (ms per frame)"}


def cost(metrics: pd.DataFrame, runs: pd.DataFrame, dataset: str, mapping: str, atoms: str = "all") -> Figure:
    """Draw the error of samples against what they cost: a column per resolution, a point per method.

    Parameters
    ----------
    metrics, runs
        Tables that :func:`cgbench.results.tables.collect` wrote.
    dataset, mapping, atoms
        Which part of them.

    Raises
    ------
    InputError
        If the tables have nothing on this dataset and mapping.
    """
    points = method_points(metrics, dataset, mapping, atoms, (MEAN, BEST))
    errors = mean_and_error(points.summary)
    if not errors:
        with styled():
            return notice(f"Nothing to draw: run.metrics has neither {MEAN} nor {BEST}.")
    times = _times(part(runs, dataset, mapping))
    resolutions = points.resolutions
    with styled():
        figure = Figure(figsize=(DOUBLE_COLUMN, 0.95 + 1.75 * len(AXES)), layout="constrained")
        grid = figure.subplots(len(AXES), max(len(resolutions), 2), squeeze=False, sharex="row", sharey=True)
        for row, (quantity, label) in enumerate(AXES.items()):
            for column, n_beads in enumerate(resolutions):
                axes = grid[row, column]
                for name, look in points.styles.items():
                    error, best = (errors.get((n_beads, name, metric)) for metric in (MEAN, BEST))
                    time = float(times[quantity].get((n_beads, name), np.nan))
                    if error and best and not np.isnan(time):
                        _draw(axes, time, error, best[0], look, points.sizes[name])
                if column == (len(resolutions) - 1) // 2:  # of all columns, which may be narrower than it
                    axes.set_xlabel(label)
                clear(axes)
                if row == 0:
                    axes.set_title(f"{n_beads} beads", pad=3)
            _scale(grid[row, 0], times[quantity])
            grid[row, 0].set_ylabel(f"RMSD, {atoms} atoms (Å)")
            for axes in grid[row, len(resolutions) :]:
                axes.set_visible(False)
        highest = points.summary["mean"].max()
        grid[0, 0].set_ylim(-0.05 * highest, 1.08 * highest)
        stem = Line2D([], [], color=GREY, marker="_", ms=6, mew=1.2, lw=0.8, label="best sample of a frame")
        handles = [*method_handles(points.styles, lines=False), stem]
        figure.legend(handles=handles, loc="outside lower center", ncols=legend_columns(points.styles, 4))
        figure.suptitle(f"{readable(dataset)}, mapping: {readable(mapping)}", x=0.01, ha="left")
    return figure


def _times(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean seconds of training and milliseconds of sampling per frame, by resolution and method."""
    keys = [runs[key] for key in TASK[2:]]
    training = runs["wall_seconds"].groupby(keys).mean()
    sampling = (1e3 * runs["sample_seconds"] / runs["n_test"]).groupby(keys).mean()
    times = pd.DataFrame({"training": training, "sampling": sampling})
    return times.clip(lower=pd.Series(SHORTEST), axis=1)


def _draw(
    axes: Axes, time: float, error: tuple[float, float], best: float, look: MethodStyle, size: float
) -> None:
    """Draw the mean over samples with its error bar, and a stem down to the best sample."""
    axes.plot(
        [time, time], [error[0], best], color=look.color, linewidth=0.8, zorder=2,
        marker="_", markevery=[1], markersize=6, markeredgewidth=1.2,
    )  # fmt: skip
    draw_point(axes, time, error[0], look, size, y_error=error[1])


def _scale(axes: Axes, times: pd.Series) -> None:
    axes.set_xscale("log")
    if times.notna().any():
        axes.set_xlim(times.min() / 2.5, times.max() * 2.5)
    axes.xaxis.set_major_locator(LogLocator(numticks=4))
    axes.xaxis.set_minor_locator(NullLocator())
