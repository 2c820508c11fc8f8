"""The leaderboard: one row per task and method, best and tied marked, baselines' wins said aloud."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from cgbench.files import atomic_output
from cgbench.results import TASK, declared, over_folds, scored, tied

# (metric, atoms); the first one orders the rows.
HEADLINES = tuple(
    product(
        ("rmsd_recon", "rmsd_backmap_mean", "rmsd_backmap_min", "rmsd_sample", "graph_xor"), ("all", "heavy")
    )
)
# RMSD of samples measures diversity for methods that draw samples; for the others it is their
# error once more, so that a bad one would win where higher is better.
DIVERSITY = "rmsd_sample"
Task = tuple[str, str, int, str]
CELL = ("dataset", "mapping", "n_beads")
COST = "train (min)"
STANDARD_ERROR = " s.e."
FAIRNESS = "CGVAE's reconstruction encodes the all-atom frame, the deterministic baselines see only beads."
HEADER = f"""# Leaderboard

{FAIRNESS}
The backmapping columns compare what all methods make of the beads alone: `rmsd_backmap_mean` favours
methods that give one average geometry, `rmsd_backmap_min`, over the samples of a frame, those that draw.

Mean ± standard error over folds, test frames; the training sets of folds overlap, so the standard error
is a lower bound. **Bold**: best at this resolution, where at least two methods compete. ≈: tied with it,
i.e. 0 is within the 95 % interval (Student's t) of the mean of their differences fold by fold; with one
fold this is not decidable and no tie is claimed. †: all samples of a frame are equal, so `rmsd_sample`
is an error and not diversity; the method does not compete in that column."""


def leaderboard(metrics: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Rank methods on every task.

    The best of a column has the best mean over folds; :func:`cgbench.results.tied` says which
    others tie with it. A column in which fewer than two methods compete has no best.

    Parameters
    ----------
    metrics, runs
        Tables that :func:`cgbench.results.collect` wrote.

    Returns
    -------
    DataFrame
        Sorted by the reconstruction error of all atoms within each dataset × mapping × n_beads.
        Columns: the task, ``samples`` (``differ``, ``are equal``, or ``unknown`` for a method
        without a run), ``folds``, each headline with its unit as ``rmsd_recon all (Å)`` and its
        standard error as ``… s.e.``, ``train (min)``, and ``best in`` / ``tied in``: the headlines
        it wins, separated by ``;``.
    """
    scores, summary = scored(metrics), over_folds(metrics)
    table = summary.groupby(list(TASK), sort=True)["folds"].max().to_frame()
    kinds = {row.method: "differ" if row.stochastic else "are equal" for row in runs.itertuples()}
    table.insert(0, "samples", table.index.get_level_values("method").map(kinds).fillna("unknown"))
    best: dict[Task, list[str]] = {task: [] for task in table.index}
    ties: dict[Task, list[str]] = {task: [] for task in table.index}
    columns = []
    for metric, atoms in HEADLINES:
        rows = summary[(summary["metric"] == metric) & (summary["atoms"] == atoms)].set_index(list(TASK))
        if rows.empty:
            continue
        column = f"{metric} {atoms} ({rows['unit'].iloc[0]})"
        columns.append(column)
        table[column], table[column + STANDARD_ERROR] = rows["mean"], rows["se"]
        by_fold = scores[(scores["metric"] == metric) & (scores["atoms"] == atoms)].pivot(
            index=list(TASK), columns="fold", values="value"
        )
        if metric == DIVERSITY:
            by_fold = by_fold[table["samples"].loc[by_fold.index] == "differ"]
        for task, wins in _marked(by_fold, declared(metric).better):
            (best if wins else ties)[task].append(column)
    minutes = (runs["wall_seconds"] / 60).groupby([runs[key] for key in TASK])
    table[COST], table[COST + STANDARD_ERROR] = minutes.mean(), minutes.sem()
    table["best in"] = ["; ".join(wins) for wins in best.values()]
    table["tied in"] = ["; ".join(wins) for wins in ties.values()]
    return table.reset_index().sort_values([*CELL, *columns[:1], "method"], kind="stable", ignore_index=True)


def _marked(by_fold: pd.DataFrame, better: str | None) -> Iterator[tuple[Task, bool]]:
    """Rows that are best among those of their cell (True; equal ones all are), or tied with it (False)."""
    if better is None:
        return
    for _, cell in by_fold.groupby(level=list(CELL)):
        if len(cell) < 2:
            continue
        mean = cell.mean(axis=1).to_numpy()
        values = cell.to_numpy()
        winner = int(mean.argmin() if better == "lower" else mean.argmax())
        for position, task in enumerate(cell.index):
            differences = values[position] - values[winner]
            if mean[position] == mean[winner]:
                yield task, True
            elif tied(differences[~np.isnan(differences)]):
                yield task, False


def to_markdown(table: pd.DataFrame, unfinished: str = "") -> str:
    """Leaderboard for reading: a table per dataset and mapping, and who wins where a baseline does.

    ``unfinished`` is a chapter on what is missing; without it, nothing is said about that.
    """
    columns = [name for name in table if f"{name}{STANDARD_ERROR}" in table]
    parts = [HEADER]
    if unfinished:
        parts += ["## Not finished", unfinished]
    for (dataset, mapping), group in table.groupby(["dataset", "mapping"], sort=True):
        shown = pd.DataFrame({"beads": group["n_beads"], "method": group["method"]})
        shown["method"] += group["samples"].map({"are equal": " †"}).fillna("")
        for column in columns:
            shown[str(column)] = [_entry(row, str(column)) for _, row in group.iterrows()]
        parts += [f"## {dataset}, mapping {mapping}", shown.to_markdown(index=False, disable_numparse=True)]
    parts += ["## Where a deterministic method is best", _baseline_wins(table)]
    return "\n\n".join(parts) + "\n"


def _entry(row: pd.Series, column: str) -> str:
    mean, error = row[column], row[column + STANDARD_ERROR]
    if np.isnan(mean):
        return "–"
    text = f"{mean:.3f}" if column != COST else f"{mean:.2f}"
    if not np.isnan(error):
        text += f" ± {error:.3f}" if column != COST else f" ± {error:.2f}"
    if column in row["best in"].split("; "):
        return f"**{text}**"
    return f"{text} ≈" if column in row["tied in"].split("; ") else text


def _baseline_wins(table: pd.DataFrame) -> str:
    lines = []
    for (dataset, mapping, n_beads), cell in table.groupby(list(CELL), sort=True):
        for position, row in cell[cell["samples"] == "are equal"].iterrows():
            for column in filter(None, row["best in"].split("; ")):
                others = cell.drop(index=position)
                marks = others["best in"] + "; " + others["tied in"]
                rivals = others["method"][[column in mark.split("; ") for mark in marks]]
                tie = f", tied with {', '.join(rivals)}" if len(rivals) else ""
                lines.append(f"- {dataset}, {mapping}, {n_beads} beads, {column}: {row['method']}{tie}")
    return "\n".join(lines) or "Nowhere."


def write(table: pd.DataFrame, csv: Path | str, markdown: Path | str, unfinished: str = "") -> None:
    """Write the leaderboard as CSV, for machines, and as Markdown, for people; atomically."""
    with atomic_output(csv) as temporary:
        table.to_csv(temporary, index=False)
    with atomic_output(markdown) as temporary:
        temporary.write_text(to_markdown(table, unfinished), encoding="utf-8")
