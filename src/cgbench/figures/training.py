"""Training curves: every term of the loss, per fold, over resolutions."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from cgbench.core.safe_io import explained, require
from cgbench.core.wording import counted
from cgbench.figures.run_selection import RunSelection
from cgbench.figures.style import DOUBLE_COLUMN, add_title, notice, readable, styled
from cgbench.results.tables import read_run

# part: (colour, line width)
PARTS = {"train": ("#56b4e9", 1.3), "valid": ("#000000", 0.7)}
# Units of the terms of CGVAE.
UNITS = {"recon": "Å²", "graph": "Å²", "kl": "nat"}
BEYOND_OTHERS = 10.0  # times the 99th percentile of a row: an axis ends there, if not before
WORDS = {"train": "training frames", "valid": "validation frames (one line per fold)"}


def training_figures(selection: RunSelection) -> Iterator[tuple[str, Figure]]:
    """Draw ``training-<method>`` of each method of one dataset and mapping.

    Yields the name of each file without suffix, and the figure.

    Raises
    ------
    InputError
        If a file is missing or damaged.
    """
    for method in selection.config.run.methods:
        if method in selection.config.programs:
            continue
        runs = selection.runs("history.csv", [method])
        yield (
            f"training-{method}",
            training(read_histories(runs)) if runs else notice("Nothing to draw yet."),
        )


def read_histories(run_dirs: Iterable[Path | str]) -> pd.DataFrame:
    """Read ``history.csv`` and ``run.json`` of one or several runs into one tidy table.

    Returns
    -------
    DataFrame
        Columns dataset, mapping, n_beads, method, fold, epoch, part (``train`` or ``valid``), term
        (``loss``, ``rmsd``, ...) and value. Empty for methods that are fitted in one step.

    Raises
    ------
    InputError
        If a file is missing or damaged.
    """
    return pd.concat([_history(Path(directory)) for directory in run_dirs], ignore_index=True)


def _history(directory: Path) -> pd.DataFrame:
    run, path = read_run(directory / "run.json"), directory / "history.csv"
    with explained(path, "a history", "train this run again", "train this run again"):
        wide = pd.read_csv(path, dtype=float)
        require("epoch" in wide, "a column 'epoch'")
    terms = [name for name in wide if str(name).partition("_")[0] in PARTS]
    long = wide.melt(id_vars="epoch", value_vars=terms, var_name="name")
    long[["part", "term"]] = long["name"].str.split("_", n=1, expand=True).reindex(columns=[0, 1])
    for position, key in enumerate(("dataset", "mapping", "n_beads", "method", "fold")):
        long.insert(position, key, run[key])
    return long.drop(columns="name")


def training(histories: pd.DataFrame) -> Figure:
    """Draw the training of one method: a row per term, a column per resolution, a line per fold.

    Parameters
    ----------
    histories
        From :func:`read_histories`, of one dataset, mapping and method.
    """
    if histories.empty:
        return notice("Fitted in one step: there are no training curves.")
    terms = list(dict.fromkeys(histories["term"]))
    resolutions = sorted(histories["n_beads"].unique())
    with styled():
        size = (
            max(min(0.5 + 1.3 * len(resolutions), DOUBLE_COLUMN), DOUBLE_COLUMN / 2),
            0.7 + 1.05 * len(terms),
        )
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(len(terms), len(resolutions), squeeze=False, sharex="col", sharey="row")
        for row, term in enumerate(terms):
            for column, n_beads in enumerate(resolutions):
                axes = grid[row, column]
                chosen = histories[(histories["term"] == term) & (histories["n_beads"] == n_beads)]
                _draw(axes, chosen)
                if row == 0:
                    axes.set_title(counted(n_beads, "bead"))
            _scale(grid[row, 0], histories[histories["term"] == term]["value"])
            grid[row, 0].set_ylabel(f"{readable(term)} ({UNITS[term]})" if term in UNITS else readable(term))
        for axes in grid[-1]:
            axes.set_xlabel("epoch")
        figure.align_ylabels(grid)
        handles = [
            Line2D([], [], color=color, linewidth=width, label=WORDS[part])
            for part, (color, width) in PARTS.items()
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=2)
        method, dataset, mapping = (histories[key].iloc[0] for key in ("method", "dataset", "mapping"))
        add_title(figure, method, f"{dataset}, mapping: {mapping}")
    return figure


def _draw(axes: Axes, chosen: pd.DataFrame) -> None:
    for part, (color, width) in PARTS.items():
        for _, fold in chosen[chosen["part"] == part].groupby("fold"):
            axes.plot(fold["epoch"], fold["value"], color=color, linewidth=width, label=part)
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="0.9", linewidth=0.5)


def _scale(axes: Axes, values: pd.Series) -> None:
    """Set a logarithmic scale where all values are positive; peaks far above the others leave the axis."""
    finite = values[np.isfinite(values)]
    if finite.empty or finite.min() <= 0:
        return
    axes.set_yscale("log")
    top = min(finite.max(), BEYOND_OTHERS * finite.quantile(0.99))
    if top < finite.max():
        axes.set_ylim(top=top)
    decades = np.log10(top / finite.min())
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 1.5 else (1,)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
