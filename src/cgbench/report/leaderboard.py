"""The leaderboard: scores with intervals, best and tied ones marked, ends of the scale beside them."""

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from cgbench.core.atomic_io import atomic_output
from cgbench.results.tables import TASK, metric_info

# The tables that are read first; the first metric of all atoms orders the rows.
HEADLINES = ("rmsd_recon", "rmsd_backmap_mean", "rmsd_backmap_min", "rmsd_sample", "graph_xor")
# RMSD of samples measures diversity for methods that draw samples; for the others it is their
# error once more, so that a bad one would win where higher is better.
DIVERSITY = ("rmsd_sample", "rmsd_sample_legacy")
CELL = ("dataset", "mapping", "n_beads")
COLUMN = ("metric", "atoms")
SIGNIFICANT = 0.05
BEST, TIED, WORSE, UNDECIDED, OUT = "best", "tied", "worse", "undecided", ""
COST = "train (min)"
NOTHING = "–"
ARROWS = {"ceiling": "↑ ", "floor": "↓ ", "": ""}

FAIRNESS = (
    "Methods with an encoder (such as CGVAE and local_flow) reconstruct a frame that they have seen; those "
    "without, all controls but the ceiling among them, see only beads."
)
HEADER = f"""# Leaderboard

{FAIRNESS}
The backmapping columns compare what all methods make of the beads alone: `rmsd_backmap_mean` favours
methods that give one average geometry, `rmsd_backmap_min`, over the samples of a frame, those that draw.

Mean over folds ± half the 95 % interval (bootstrap over folds and over the trajectories or blocks of
their test frames), test frames. **Bold**: best at this resolution, and what equals it but for rounding,
where at least two methods compete. ≈: tied with it, i.e. their difference on the same frames is not
significant (p ≥ {SIGNIFICANT:g}, each pair for itself); without a mark: significantly worse;
?: too few independent blocks to tell, or no score in some fold, where nobody is best who lacks one that
another has. †: all samples of a frame are equal, so `rmsd_sample` is an error and not diversity, and does
not compete.
↑ ceiling (true frames) and ↓ floor (atoms on their beads) are the ends of the scale and do not compete."""


def leaderboard(scores: pd.DataFrame, differences: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Rank methods on every task by every metric.

    The best of a task and metric has the least ``loss`` of those with a score in most folds; the
    paired differences say which others tie with it. Where fewer than two methods compete there is no best.

    Parameters
    ----------
    scores, differences
        Tables of :func:`cgbench.statistics.intervals.intervals`.
    runs
        Table that :func:`cgbench.results.tables.collect` wrote.

    Returns
    -------
    DataFrame
        The rows of ``scores``, with ``samples`` (``differ``, ``are equal``, or ``unknown`` for a method
        without a run), ``bound`` (``floor``, ``ceiling`` or nothing), ``mark`` (``best``, ``tied``,
        ``worse``, ``undecided``, or nothing for what does not compete), ``p`` of the difference to
        the best, and ``train (min)``, mean over folds.
    """
    facts = runs.drop_duplicates("method").set_index("method")
    kinds = facts["stochastic"].map({True: "differ", False: "are equal"})
    minutes = (runs["wall_seconds"] / 60).groupby([runs[key] for key in TASK]).mean().rename(COST)
    table = scores.assign(
        samples=scores["method"].map(kinds).fillna("unknown"),
        bound=scores["method"].map(facts["bound"]).fillna(""),
        mark=OUT,
        p=np.nan,
    )
    both = pd.concat([differences, differences.rename(columns={"method": "other", "other": "method"})])
    p = both.set_index([*CELL, *COLUMN, "method", "other"])["p"].to_dict()
    for key, group in table.groupby([*CELL, *COLUMN], sort=False):
        rivals = group[(group["bound"] == "") & group["mean"].notna()]
        metric = str(group["metric"].iloc[0])
        if metric in DIVERSITY:
            rivals = rivals[rivals["samples"] == "differ"]
        of = metric_info(metric)
        if len(rivals) < 2 or of.better is None:
            continue
        whole = rivals[rivals["folds"] == rivals["folds"].max()]
        behind = rivals["loss"] - whole["loss"].min()
        best = rivals.loc[behind[whole.index].idxmin(), "method"]
        for index, method in rivals["method"].items():
            chance = p.get((*key, method, best), np.nan)
            # Over other folds than those of the best, a difference says nothing of the task.
            chance = chance if index in whole.index else np.nan
            equal = index in whole.index and behind[index] <= of.rounding
            table.loc[index, ["mark", "p"]] = _mark(equal, chance), chance
    return table.join(minutes, on=list(TASK))


def _mark(equal: bool, p: float) -> str:
    if equal:
        return BEST
    if np.isnan(p):
        return UNDECIDED
    return WORSE if p < SIGNIFICANT else TIED


def to_markdown(table: pd.DataFrame, unfinished: str = "") -> str:
    """Leaderboard for reading: per dataset and mapping the headlines, their scale, the rest, the winners.

    ``unfinished`` is a chapter on what is missing; without it, nothing is said about that.
    """
    parts = [HEADER]
    if unfinished:
        parts += ["## Not finished", unfinished]
    for (dataset, mapping), group in table.groupby(["dataset", "mapping"], sort=True):
        ordered = _ordered(group)
        others = [name for name in ordered["metric"].unique() if name not in HEADLINES]
        all_atoms, heavy = ([*product(HEADLINES, [atoms])] for atoms in ("all", "heavy"))
        sets = ordered.groupby("metric")["atoms"].min()  # all atoms where it is defined for them
        rest = [(name, sets[name]) for name in others]
        parts += [
            f"## {dataset}, mapping {mapping}",
            "### All atoms",
            _wide(ordered, all_atoms, _with_interval, cost=True),
            "### Heavy atoms",
            _wide(ordered, heavy, _with_interval),
            "### On the scale from the floor (0) to the ceiling (1)",
            _wide(ordered, [*all_atoms, *heavy], _scaled, units=False),
            "### Further metrics",
            _wide(ordered, rest, _short),
            "### Who is best",
            _winners(ordered),
        ]
    return "\n\n".join(parts) + "\n"


def _ordered(group: pd.DataFrame) -> pd.DataFrame:
    """Rows by resolution, and within it by the reconstruction error of all atoms."""
    first = group[(group["metric"] == HEADLINES[0]) & (group["atoms"] == "all")]
    rank = first.set_index(["n_beads", "method"])["mean"].rename("rank")
    ranked = group.join(rank, on=["n_beads", "method"])
    return ranked.sort_values(["n_beads", "rank", "method"], kind="stable")


def _wide(
    rows: pd.DataFrame,
    columns: Sequence[tuple[str, str]],
    entry: Callable[[pd.Series], str],
    units: bool = True,
    cost: bool = False,
) -> str:
    """Table with a row per resolution and method, and a column per metric and set of atoms with entries."""
    each = rows.drop_duplicates(["n_beads", "method"]).set_index(["n_beads", "method"])
    dagger = each["samples"].map({"are equal": " †"}).fillna("")
    shown = pd.DataFrame(
        {
            "beads": each.index.get_level_values("n_beads"),
            "method": each["bound"].map(ARROWS) + each.index.get_level_values("method") + dagger,
        }
    )
    mixed = len({atoms for _, atoms in columns}) > 1
    for metric, atoms in columns:
        column = rows[(rows["metric"] == metric) & (rows["atoms"] == atoms)].set_index(["n_beads", "method"])
        found = {key: entry(row) for key, row in column.iterrows()}
        entries = [found.get(key, NOTHING) for key in each.index]
        if set(entries) - {NOTHING}:
            unit = column["unit"].iloc[0] if units else "1"
            head = (metric, *([atoms] if mixed else []), *([f"({unit})"] if unit != "1" else []))
            shown[" ".join(head)] = entries
    if cost:
        shown[COST] = each[COST].map("{:.2f}".format).to_numpy()
    return shown.to_markdown(index=False, disable_numparse=True)


def _with_interval(row: pd.Series) -> str:
    reach = row["high"] - row["mean"]
    return _marked(row, f"{row['mean']:.3f}" + ("" if np.isnan(reach) else f" ± {reach:.3f}"))


def _short(row: pd.Series) -> str:
    return _marked(row, f"{row['mean']:.3g}")


def _scaled(row: pd.Series) -> str:
    return NOTHING if np.isnan(row["scaled"]) else f"{row['scaled']:.2f}"


def _marked(row: pd.Series, text: str) -> str:
    if np.isnan(row["mean"]):
        return NOTHING
    return {BEST: f"**{text}**", TIED: f"{text} ≈", UNDECIDED: f"{text} ?"}.get(row["mark"], text)


def _winners(rows: pd.DataFrame) -> str:
    lines = []
    for metric, atoms in product(HEADLINES, ("all", "heavy")):
        column = rows[(rows["metric"] == metric) & (rows["atoms"] == atoms)]
        found = []
        for n_beads, cell in column.groupby("n_beads", sort=True):
            best, tied = (", ".join(cell.loc[cell["mark"] == mark, "method"]) for mark in (BEST, TIED))
            if best:
                found.append(f"{n_beads} beads {best}" + (f" (tied: {tied})" if tied else ""))
        if found:
            lines.append(f"- {metric} {atoms}: {'; '.join(found)}")
    return "\n".join(lines) or "Nobody: no two methods compete."


def write(table: pd.DataFrame, csv: Path | str, markdown: Path | str, unfinished: str = "") -> None:
    """Write the leaderboard as CSV, for machines, and as Markdown, for people; atomically."""
    with atomic_output(csv) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g")
    with atomic_output(markdown) as temporary:
        temporary.write_text(to_markdown(table, unfinished), encoding="utf-8")
