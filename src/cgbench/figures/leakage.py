"""Effect of leakage by shuffled folds: distances to training frames and scores under both splits."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cgbench.core.wording import counted
from cgbench.figures.style import DOUBLE_COLUMN, GREY, add_title, readable, styled
from cgbench.pipeline.leakage_table import LABELS, NEAREST_ATOMS, NEAREST_BEADS, SPLITS, summarise

COLORS = dict(zip(SPLITS, ("#0173b2", "#de8f05"), strict=True))
NAMES = dict(zip(SPLITS, ("leak-free", "published (shuffled)"), strict=True))
LINES: dict[str, Any] = {NEAREST_BEADS: "-", NEAREST_ATOMS: (0, (4, 1.5))}
MARKERS = dict(zip(SPLITS, "os", strict=True))


def draw_leakage(tables: Mapping[int, pd.DataFrame], title: str = "") -> Figure:
    """Draw a column per resolution: distances to the nearest training frame above, scores below.

    Parameters
    ----------
    tables
        By number of beads, tables of :func:`cgbench.pipeline.leakage.measure_leakage`.
    """
    resolutions = sorted(tables)
    methods = [str(column) for column in tables[resolutions[0]] if column not in (*LABELS, *LINES)]
    with styled():
        heights = (1.7, 0.7 + 0.16 * len(methods))
        figure = Figure(figsize=(DOUBLE_COLUMN, 0.7 + sum(heights)), layout="constrained")
        grid = figure.subplots(
            2, len(resolutions), squeeze=False, sharex="row", sharey="row", height_ratios=heights
        )
        for (above, below), n_beads in zip(grid.T, resolutions, strict=True):
            _draw_distances(above, tables[n_beads])
            _draw_scores(below, tables[n_beads], methods)
            above.set_title(counted(n_beads, "bead"))
        for axes in grid.ravel():
            axes.spines[["top", "right"]].set_visible(False)
        grid[0, 0].set_ylabel("share of test frames")
        add_title(figure, title)
        figure.legend(handles=_handles(), loc="outside lower center", ncols=4, handlelength=3)
    return figure


def _draw_distances(axes: Axes, table: pd.DataFrame) -> None:
    for split in SPLITS:
        rows = table[table["split"] == split]
        for quantity, line in LINES.items():
            distance = np.sort(rows[quantity].to_numpy())
            share = np.arange(1, len(distance) + 1) / len(distance)
            axes.plot(distance, share, color=COLORS[split], linestyle=line)
    axes.set_xscale("log")
    axes.set_xlabel("RMSD to the nearest\ntraining frame (Å)")
    axes.set_ylim(0, 1)


def _draw_scores(axes: Axes, table: pd.DataFrame, methods: list[str]) -> None:
    rows = summarise(table).set_index("quantity")
    for place, method in enumerate(methods):
        row = rows.loc[method]
        axes.plot(row[list(SPLITS)].astype(float), [place, place], color=GREY, linewidth=0.8, zorder=1)
        # The interval of the difference is drawn at the published end.
        axes.errorbar(
            row["published"],
            place,
            xerr=row["high"] - row["difference"],
            color=COLORS["published"],
            elinewidth=0.8,
            capsize=1.8,
            zorder=2,
        )
        for split in SPLITS:
            axes.plot(row[split], place, MARKERS[split], color=COLORS[split], markersize=3.5, zorder=3)
    axes.set_yticks(range(len(methods)), [readable(method) for method in methods])
    axes.set_ylim(len(methods) - 0.5, -0.5)
    axes.set_xlabel("RMSD of samples to\nthe test frame (Å)")
    axes.set_xlim(left=0)


def _handles() -> list[Line2D]:
    splits = [
        Line2D([], [], color=COLORS[split], marker=MARKERS[split], label=NAMES[split]) for split in SPLITS
    ]
    return splits + [Line2D([], [], color=GREY, linestyle=line, label=name) for name, line in LINES.items()]
