"""The benchmark in one figure: reconstruction, diversity and validity over resolution."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from cgbench.core.errors import InputError
from cgbench.figures.style import (
    DIRECTION,
    DOUBLE_COLUMN,
    EDGE,
    EDGE_WIDTH,
    GREY,
    MethodStyle,
    legend_columns,
    method_handles,
    method_styles,
    readable,
    styled,
    without_unit_one,
)
from cgbench.results.tables import mean_over_folds, metric_info

Spread = Literal["se", "sd"]

# One panel each, from left to right.
PANELS = ("rmsd_recon", "rmsd_sample", "graph_xor")
DIVERSITY = "rmsd_sample"
VALIDITY = "graph_xor"
# Below this (Å, or λ), an axis that must have a place for 0 is linear.
LINEAR_BELOW = 0.01
DETERMINISTIC_NOTE = "hollow: all samples equal; this is error, not diversity"


def comparison(
    metrics: pd.DataFrame,
    runs: pd.DataFrame,
    dataset: str,
    mapping: str,
    atoms: Sequence[str] = ("heavy", "all"),
    spread: Spread = "se",
) -> Figure:
    """Draw the headline metrics over the number of beads, one line per method.

    Parameters
    ----------
    metrics, runs
        Tables that :func:`cgbench.results.tables.collect` wrote.
    dataset, mapping
        Which part of them.
    atoms
        Sets of atoms, one row of panels each.
    spread
        Error bars: standard error of the mean over folds, or standard deviation of folds.

    Raises
    ------
    InputError
        If the table has nothing on this dataset and mapping.
    """
    chosen = metrics[(metrics["dataset"] == dataset) & (metrics["mapping"] == mapping)]
    if chosen.empty:
        raise InputError(f"no scores for dataset {dataset!r} with mapping {mapping!r}; run those cells first")
    summary = mean_over_folds(chosen)
    styles = method_styles(summary["method"])
    deterministic = set(runs.loc[~runs["stochastic"], "method"]) & set(styles)
    with styled():
        figure = Figure(figsize=(DOUBLE_COLUMN, 0.5 + 1.95 * len(atoms)), layout="constrained")
        grid = figure.subplots(len(atoms), len(PANELS), squeeze=False, sharex=True)
        for row, atom_set in enumerate(atoms):
            for column, metric in enumerate(PANELS):
                axes = grid[row, column]
                scores = summary[(summary["metric"] == metric) & (summary["atoms"] == atom_set)]
                hollow = deterministic if metric == DIVERSITY else set()
                draw_methods(axes, scores, styles, hollow, spread)
                scale(axes, scores["mean"], validity=metric == VALIDITY)
                _label(axes, scores, metric, atom_set, title=row == 0)
                if row == len(atoms) - 1:
                    axes.set_xlabel("resolution (number of beads)")
        resolution_ticks(grid[0, 0], sorted(summary["n_beads"].unique()))
        _legend(figure, styles, note=bool(deterministic))
        figure.suptitle(f"{readable(dataset)}, mapping: {readable(mapping)}", x=0.01, ha="left")
    return figure


def draw_methods(
    axes: Axes, scores: pd.DataFrame, styles: dict[str, MethodStyle], hollow: set[str], spread: Spread
) -> None:
    """Draw a line with error bars per method over the number of beads, with ``hollow`` ones standing back."""
    for name, style in styles.items():
        line = scores[scores["method"] == name].sort_values("n_beads")
        axes.errorbar(
            line["n_beads"],
            line["mean"],
            yerr=line[spread],
            color=style.color,
            marker=style.marker,
            linestyle=":" if name in hollow else style.linestyle,
            linewidth=0.8 if name in hollow else 1.2,
            markerfacecolor="white" if name in hollow else style.color,
            markeredgecolor=style.color if name in hollow else EDGE,
            markeredgewidth=0.9 if name in hollow else EDGE_WIDTH,
            capsize=1.8,
            elinewidth=0.8,
            label=readable(name),
            zorder=2 if name in hollow else 3,
        )


def scale(axes: Axes, means: pd.Series, validity: bool) -> None:
    """Scale an axis so that 0.06 and 2 both read: logarithmic, or with a place for 0 where it is needed."""
    if means.empty:
        return
    # The RMSD of the ceiling is 0, which must not take the axis from the others.
    counted = means if validity else means[means > 0]
    lowest, highest = counted.min() / 1.3, max(means.max(), 2.0 if validity else 0.0) * 1.3
    if validity or counted.empty or lowest < LINEAR_BELOW:
        from_zero(axes, highest, LINEAR_BELOW)
    else:
        axes.set_yscale("log")
        axes.set_ylim(lowest, highest)
        steps = [1, 2, 5] if highest / lowest > 5 else [1, 1.5, 2, 3, 4, 5, 6, 8]
        _ticks(axes, list(np.outer(10.0 ** np.arange(-2, 3), steps).ravel()))


def decade(values: pd.Series) -> float:
    """Power of ten at or below the smallest of the values that are not 0; of none, :data:`LINEAR_BELOW`."""
    positive = values[values > 0]
    return float(10.0 ** np.floor(np.log10(positive.min()))) if len(positive) else LINEAR_BELOW


def from_zero(axes: Axes, highest: float, linear_below: float, lowest: float = 0.0) -> None:
    """Scale an axis about 0, the best value there is, from ``lowest`` to ``highest``.

    Logarithmic to both sides but for the part below ``linear_below``.
    """
    axes.set_yscale("symlog", linthresh=linear_below, linscale=0.6)
    axes.set_ylim(min(lowest, -linear_below / 5), max(highest, 2 * linear_below))
    axes.axhline(0, color=GREY, linewidth=0.5, zorder=1)
    powers = linear_below * 10.0 ** np.arange(7)
    _ticks(axes, [*-powers[::-1], 0.0, *powers] if lowest < 0 else [0.0, *powers])


def _ticks(axes: Axes, places: Sequence[float]) -> None:
    axes.yaxis.set_major_locator(FixedLocator(places))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.grid(axis="y", color="0.9", linewidth=0.5)
    axes.set_axisbelow(True)


def _label(axes: Axes, scores: pd.DataFrame, metric: str, atom_set: str, title: bool) -> None:
    facts = metric_info(metric)
    unit = scores["unit"].iloc[0] if len(scores) else ""
    quantity = "λ" if metric == VALIDITY else "RMSD"
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_ylabel(f"{quantity}, {atom_set} atoms{without_unit_one(unit)}")
    if title:
        axes.set_title(f"{facts.label}\n{DIRECTION[facts.better]}")


def resolution_ticks(axes: Axes, resolutions: Sequence[int]) -> None:
    """Put a tick at each resolution, and at nothing between."""
    axes.xaxis.set_major_locator(FixedLocator(list(resolutions)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(min(resolutions) - 0.5, max(resolutions) + 0.5)


def _legend(figure: Figure, styles: dict[str, MethodStyle], note: bool) -> None:
    handles = method_handles(styles)
    if note:
        hollow = Line2D(
            [], [], color=GREY, marker="o", mfc="white", mew=0.9, lw=0.8, ls=":", label=DETERMINISTIC_NOTE
        )
        handles.append(hollow)
    # The note is wide: three columns still fit the page.
    columns = legend_columns(styles, 3 if note else 4)
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, handlelength=3.4)
