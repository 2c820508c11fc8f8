"""The leaderboard: one row per task and method, best and tied marked, baselines' wins said aloud."""

from pathlib import Path

import numpy as np
import pandas as pd

from cgbench.files import atomic_output
from cgbench.results import TASK, declared, over_folds, stochastic_methods

# (metric, atoms); the first one orders the rows.
HEADLINES = (
    ("rmsd_recon", "heavy"),
    ("rmsd_recon", "all"),
    ("rmsd_sample", "heavy"),
    ("rmsd_sample", "all"),
    ("graph_xor", "heavy"),
    ("graph_xor", "all"),
)
# RMSD of samples measures diversity for methods that draw samples; for the others it is their
# error once more, so that a bad one would win where higher is better.
DIVERSITY = "rmsd_sample"
CELL = ("dataset", "mapping", "n_beads")
COST = "train (min)"
STANDARD_ERROR = " s.e."


def leaderboard(metrics: pd.DataFrame, runs: pd.DataFrame | None = None) -> pd.DataFrame:
    """Rank methods on every task.

    A method ties with the best one where their means differ by no more than the standard error of
    the difference, √(se₁² + se₂²) over folds. With one fold there is no standard error and only
    equal values tie.

    Parameters
    ----------
    metrics, runs
        Tables that :func:`cgbench.results.collect` wrote; without ``runs`` there is no cost.

    Returns
    -------
    DataFrame
        Sorted by reconstruction error within each dataset × mapping × n_beads. Columns: the task,
        ``samples`` (``differ``, ``are equal`` or ``unknown``), ``folds``, each headline with its
        unit as ``rmsd_recon heavy (Å)`` and its standard error as ``… s.e.``, ``train (min)``,
        and ``best in`` / ``tied in``: the headlines it wins, separated by ``;``.
    """
    summary = over_folds(metrics)
    stochastic = stochastic_methods(metrics)
    table = summary.groupby(list(TASK), sort=True)["folds"].max().to_frame()
    names: dict[str, str] = {}
    for metric, atoms in HEADLINES:
        rows = summary[(summary["metric"] == metric) & (summary["atoms"] == atoms)].set_index(list(TASK))
        if rows.empty:
            continue
        column = f"{metric} {atoms} ({rows['unit'].iloc[0]})"
        names[column] = metric
        table[column] = rows["mean"]
        table[column + STANDARD_ERROR] = rows["se"]
    if runs is not None:
        minutes = (runs["wall_seconds"] / 60).groupby([runs[key] for key in TASK])
        table[COST] = minutes.mean()
        table[COST + STANDARD_ERROR] = minutes.sem()
    table = table.reset_index()
    kind = table["method"].map(stochastic).map({True: "differ", False: "are equal"})
    table.insert(len(TASK), "samples", kind.fillna("unknown"))
    _mark(table, names)
    return table.sort_values([*CELL, *list(names)[:1], "method"], kind="stable", ignore_index=True)


def _mark(table: pd.DataFrame, names: dict[str, str]) -> None:
    """Fill ``best in`` and ``tied in``; equal best values are all best."""
    best: list[list[str]] = [[] for _ in range(len(table))]
    tied: list[list[str]] = [[] for _ in range(len(table))]
    for column, metric in names.items():
        better = declared(metric).better
        if better is None:
            continue
        contenders = table.dropna(subset=column)
        if metric == DIVERSITY:
            contenders = contenders[contenders["samples"] != "are equal"]
        for _, cell in contenders.groupby(list(CELL)):
            mean = cell[column].to_numpy()
            error = cell[column + STANDARD_ERROR].fillna(0.0).to_numpy()
            winner = int(mean.argmin() if better == "lower" else mean.argmax())
            within = np.abs(mean - mean[winner]) <= np.hypot(error, error[winner])
            for position, row in enumerate(cell.index):
                if mean[position] == mean[winner]:
                    best[row].append(column)
                elif within[position]:
                    tied[row].append(column)
    table["best in"] = ["; ".join(columns) for columns in best]
    table["tied in"] = ["; ".join(columns) for columns in tied]


def to_markdown(table: pd.DataFrame) -> str:
    """Leaderboard for reading: a table per dataset and mapping, and who wins where a baseline does."""
    columns = [name for name in table if f"{name}{STANDARD_ERROR}" in table]
    parts = [
        "# Leaderboard",
        "Mean ± standard error over folds, test frames. **Bold**: best at this resolution; ≈: tied with it, "
        "i.e. closer than the standard error of the difference. †: all samples of a frame are equal, so the "
        "RMSD of samples is an error and not diversity; it does not compete in that column.",
    ]
    for (dataset, mapping), group in table.groupby(["dataset", "mapping"], sort=True):
        shown = pd.DataFrame({"beads": group["n_beads"], "method": group["method"]})
        shown["method"] += group["samples"].map({"are equal": " †"}).fillna("")
        for column in columns:
            shown[str(column)] = [_entry(row, str(column)) for _, row in group.iterrows()]
        parts += [f"## {dataset}, mapping {mapping}", shown.to_markdown(index=False, disable_numparse=True)]
    parts += ["## Where a deterministic baseline is best", _baseline_wins(table)]
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
    if (table["samples"] == "unknown").all():
        return "Not known: the tables hold no metric `diversity`, which tells deterministic methods apart."
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


def write(table: pd.DataFrame, csv: Path | str, markdown: Path | str) -> None:
    """Write the leaderboard as CSV, for machines, and as Markdown, for people; atomically."""
    with atomic_output(csv) as temporary:
        table.to_csv(temporary, index=False)
    with atomic_output(markdown) as temporary:
        temporary.write_text(to_markdown(table), encoding="utf-8")
