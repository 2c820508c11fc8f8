"""Comparison of all methods over resolution: energy score, reconstruction, diversity and validity."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

from cgbench.core.errors import InputError
from cgbench.figures.panels import (
    LINEAR_BELOW,
    clear,
    draw_points,
    half_width,
    part,
    resolution_ticks,
    scale_from_zero,
    set_ticks,
)
from cgbench.figures.style import (
    DIRECTION,
    MethodStyle,
    add_title,
    method_styles,
    readable,
    styled,
    without_unit_one,
)
from cgbench.results.tables import metric_info

# A row of panels each, and the quantity on its axis. The energy score ranks methods and is drawn if a table
# has it; the others are those of the paper.
SCORE = "energy_score"
PANELS = {SCORE: "score", "rmsd_recon": "RMSD", "rmsd_sample": "RMSD", "graph_xor": "λ"}
DIVERSITY = "rmsd_sample"
VALIDITY = "graph_xor"
ATOMS = {"heavy": "heavy atoms", "all": "all atoms", "backbone": "backbone", "sidechain": "side chains"}

# Inches. At a width of 900 pixels, as in the README, type is 12 pixels high.
LEFT, PANEL, GAP = 0.64, 2.45, 0.32
TOP, TITLE, HEIGHT, TICKS, BOTTOM = 0.28, 0.28, 1.55, 0.24, 0.34
LETTERS = 17  # least room for names, which titles need as well
SIZE, LINE, LETTER = 8.5, 0.15, 0.07  # of type: points; inches of a line and of a letter
TYPE = {
    "axes.titlesize": 9, "axes.labelsize": 9, "xtick.labelsize": SIZE, "ytick.labelsize": SIZE,
    "figure.titlesize": 10,
}  # fmt: skip


def comparison(
    scores: pd.DataFrame,
    runs: pd.DataFrame,
    dataset: str,
    mapping: str,
    atoms: Sequence[str] = (),
    note: str = "",
) -> Figure:
    """Draw the main metrics over the number of beads, a line per method with its name at the end.

    Methods whose samples differ have colours, and so have zero-shot methods and the deterministic method with
    the lowest reconstruction error. The other deterministic methods are grey lines without names. The panel
    of diversity leaves deterministic methods out: all their samples of a frame are equal.

    Parameters
    ----------
    scores
        Table of :func:`cgbench.statistics.interval_tables.intervals`, or the leaderboard. Error bars are its
        confidence intervals.
    runs
        Table that :func:`cgbench.results.tables.collect` wrote.
    atoms
        Sets of atoms, a column of panels each. If there are none, heavy and all atoms; backbone and side
        chains where a method has no other scores, as programs have that place no caps.
    note
        Written below the panels.

    Raises
    ------
    InputError
        If the table has nothing on this dataset and mapping, or none of the metrics for these atoms.
    """
    summary = part(scores, dataset, mapping).dropna(subset="mean")
    styles = method_styles(summary["method"])
    deterministic = [name for name in styles if name in set(runs.loc[~runs["stochastic"], "method"])]
    named = set(runs.loc[runs["bound"] != "", "method"])
    if "card.training" in runs:
        named |= set(runs.loc[runs["card.training"] == "zero-shot", "method"])
    atoms = atoms or _atoms(summary)
    summary = summary[summary["atoms"].isin(list(atoms)) & summary["metric"].isin(list(PANELS))]
    if summary.empty:
        sets = " and ".join(ATOMS[each] for each in atoms)
        raise InputError(
            f"{dataset}, {mapping}: no score of {', '.join(PANELS)} for {sets}; compute one of these, "
            "or draw other sets of atoms"
        )
    grey = _not_best(summary, [name for name in deterministic if name not in named])
    panels = {name: PANELS[name] for name in PANELS if name in set(summary["metric"])}
    columns, rows = len(atoms), len(panels)
    pitch = PANEL + GAP + LETTER * max([LETTERS, *(len(name) for name in styles if name not in grey)])
    width = LEFT + columns * pitch
    lines = [
        line for text in (note, _explain(grey)) for line in textwrap.wrap(text, int(width * 72 / SIZE * 1.75))
    ]
    tall = max(HEIGHT, LINE * (1 + len(styles) - len(grey)))  # enough for all names beside a panel
    height = TOP + rows * (TITLE + tall + TICKS) + BOTTOM + LINE * len(lines)
    with styled(TYPE):
        figure = Figure(figsize=(width, height))
        for row, (metric, quantity) in enumerate(panels.items()):
            of_metric = summary[summary["metric"] == metric]
            if metric == DIVERSITY:
                of_metric = of_metric[~of_metric["method"].isin(deterministic)]
            for column, atom_set in enumerate(atoms):
                bottom = height - TOP - (row + 1) * (TITLE + tall) - row * TICKS
                left = LEFT + column * pitch
                axes = figure.add_axes((left / width, bottom / height, PANEL / width, tall / height))
                drawn = of_metric[of_metric["atoms"] == atom_set]
                _scale(axes, of_metric["mean"], validity=metric == VALIDITY)
                resolution_ticks(axes, sorted(summary["n_beads"].unique()))
                _draw(axes, drawn, styles, grey)
                _write_names(axes, drawn, {name: styles[name] for name in styles if name not in grey}, tall)
                clear(axes)
                axes.grid(axis="x", visible=False)
                info = metric_info(metric)
                title = f"{info.label}, {ATOMS[atom_set]}  {DIRECTION[info.better]}"
                axes.set_title(title, loc="left", pad=5)
                axes.tick_params(labelleft=column == 0)
                if column == 0:
                    unit = of_metric["unit"].iloc[0] if len(of_metric) else ""
                    axes.set_ylabel(f"{quantity}{without_unit_one(unit)}")
                if row == rows - 1:
                    axes.set_xlabel("resolution (number of beads)")
        figure.text(
            0.01, 0.06 / height, "\n".join(lines), fontsize=SIZE, color="0.3", va="bottom", linespacing=1.25
        )
        add_title(figure, f"{dataset}, mapping: {mapping}")
    return figure


def _atoms(scores: pd.DataFrame) -> tuple[str, str]:
    """Choose sets of atoms for which all methods have scores."""
    parts = "backbone", "sidechain"
    of_parts = set(scores.loc[scores["atoms"].isin(parts), "method"])
    return parts if of_parts - set(scores.loc[scores["atoms"] == "heavy", "method"]) else ("heavy", "all")


def _not_best(summary: pd.DataFrame, methods: Sequence[str]) -> list[str]:
    """Leave out the method with the lowest reconstruction error; every resolution has equal weight."""
    recon = summary[(summary["metric"] == "rmsd_recon") & summary["method"].isin(list(methods))]
    if recon.empty:
        return list(methods)
    best = np.log(recon["mean"].clip(lower=1e-6)).groupby(recon["method"]).mean().idxmin()
    return [name for name in methods if name != best]


def _explain(grey: Sequence[str]) -> str:
    names = f"Grey lines: {', '.join(map(readable, grey))}. " if grey else ""
    return f"{names}Diversity is shown of the methods whose samples of a frame differ."


def _draw(axes: Axes, scores: pd.DataFrame, styles: dict[str, MethodStyle], grey: Sequence[str]) -> None:
    drawn = set(scores["method"])
    for name in reversed([name for name in styles if name in drawn]):  # the first method is on top
        line, style = scores[scores["method"] == name].sort_values("n_beads"), styles[name]
        if name in grey:
            axes.plot(
                line["n_beads"],
                line["mean"],
                color="0.78",
                linewidth=1.0,
                marker="_" if len(line) == 1 else None,  # a line of one point is not visible
                zorder=2,
                label=readable(name),
            )
        else:
            draw_points(axes, line["n_beads"], line["mean"], style, 5, y_error=half_width(line), line=True)


def _write_names(axes: Axes, scores: pd.DataFrame, styles: dict[str, MethodStyle], tall: float) -> None:
    """Write names right of the last points of a panel so many inches tall, moved apart if they overlap."""
    last = scores.sort_values("n_beads").groupby("method").last()
    # An RMSD of 0 is below a logarithmic axis.
    shown = last[last.index.isin(list(styles)) & (last["mean"] >= axes.get_ylim()[0])]
    if shown.empty:
        return
    ends = axes.transLimits.transform(axes.transScale.transform(shown[["n_beads", "mean"]].to_numpy(float)))
    order = np.argsort(ends[:, 1], kind="stable")
    # Least squares of the distances from the ends, at least one line of type apart.
    steps = np.arange(len(order)) * LINE / tall
    places = isotonic_regression(ends[order, 1] - steps).x
    places = np.clip(places, 0.0, max(0.0, 0.97 - steps[-1])) + steps
    for index, place in zip(order, places, strict=True):
        style = styles[shown.index[index]]
        axes.annotate(
            readable(shown.index[index]),
            xy=tuple(ends[index]),
            xytext=(1.09, place),
            xycoords="axes fraction",
            textcoords="axes fraction",
            fontsize=SIZE,
            color=style.color,
            va="center",
            arrowprops={
                "arrowstyle": "-", "relpos": (0, 0.5), "color": style.color, "linewidth": 0.5,
                "shrinkA": 1, "shrinkB": 4,
            },
            annotation_clip=False,
        )  # fmt: skip


def _scale(axes: Axes, means: pd.Series, validity: bool) -> None:
    """Scale an axis: logarithmic, or with a place for 0 where values are small."""
    if means.empty:
        return
    # The RMSD of the upper control is 0, which must not compress the range of the other methods.
    counted = means if validity else means[means > 0]
    lowest, highest = counted.min() / 1.3, max(means.max(), 2.0 if validity else 0.0) * 1.3
    if validity or counted.empty or lowest < LINEAR_BELOW:
        scale_from_zero(axes, highest, LINEAR_BELOW)
    else:
        axes.set_yscale("log")
        axes.set_ylim(lowest, highest)
        steps = [1, 2, 5] if highest / lowest > 5 else [1, 1.5, 2, 3, 4, 5, 6, 8]
        set_ticks(axes, list(np.outer(10.0 ** np.arange(-2, 3), steps).ravel()))
