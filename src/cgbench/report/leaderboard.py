"""Leaderboard: scores with intervals, marks of the best and tied methods, and controls."""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from cgbench.core.atomic_io import atomic_output, write_csv
from cgbench.core.wording import counted
from cgbench.results.tables import ROW_KEY, metric_info

# Columns of the first table. The first of them orders the rows and decides the ranking.
RANKING = tuple(product(("energy_score", "energy_score_symmetric"), ("heavy", "all")))
BEFORE = ("rmsd_recon", "all")  # orders the rows of tables that were made before the energy score
# Metrics of the tables that follow.
HEADLINES = ("rmsd_recon", "rmsd_backmap_mean", "rmsd_backmap_min", "rmsd_sample", "graph_xor")
ALL_ATOMS, HEAVY = ([*product(HEADLINES, [atoms])] for atoms in ("all", "heavy"))
# Columns of the tables of backbone and side chains.
PARTS = ("energy_score", "energy_score_symmetric", "rmsd_backmap_mean", "rmsd_backmap_min", "diversity")
BACKBONE, SIDE_CHAINS = ([*product(PARTS, [atoms])] for atoms in ("backbone", "sidechain"))
# RMSD of samples measures the diversity of samples that differ. For deterministic methods it is an error,
# so the worst would rank first where higher is better.
DIVERSITY = ("rmsd_sample", "rmsd_sample_legacy")
TASK = ("dataset", "mapping", "n_beads")
COLUMN = ("metric", "atoms")
SIGNIFICANT = 0.05
BEST, TIED, WORSE, UNDECIDED, OUT = "best", "tied", "worse", "undecided", ""
COST = "train (min)"
NOTHING = "–"
ARROWS = {"ceiling": "↑ ", "floor": "↓ ", "": ""}

FAIRNESS = (
    "Methods that encode the atoms of a frame (CGVAE, local_flow) reconstruct it from them; all others, "
    "including all controls but true_frames, from its beads alone."
)
HEADER = f"""# Leaderboard

Methods are ranked by `energy_score` of heavy atoms, which also orders the rows. It is a strictly proper
score: its expected value is lowest for samples from the true conditional distribution p(x|X). (Tables
without it are ordered by `rmsd_recon`.) Marks in any other column rank by that column alone, and each of
these hides something: `energy_score_symmetric`, which ignores exchanges of equivalent atoms, is not
proper; `rmsd_recon` shows what an encoder keeps of a frame, not how well atoms follow from beads;
`rmsd_backmap_mean` is lowest for one average geometry, valid or not; `rmsd_backmap_min` compares the best
of several tries with a single one; `rmsd_sample` is `rmsd_backmap_mean` read the other way, so that
errors count as diversity; `graph_xor` is 0 for any valid molecule, however far from the frame.

{FAIRNESS}

All scores are on test frames: mean over folds ± half the 95 % interval, from the variance between folds and
between the trajectories or blocks of their test frames. **Bold**: best at this resolution, or equal to the
best within rounding; at least two methods must be eligible. ≈: tied with the best, i.e. their difference on
the same frames is not significant (p ≥ {SIGNIFICANT:g}, corrected for the number of methods); no mark:
significantly worse; ?: too few independent blocks to tell, or no score in a fold in which other methods have
one. †: all samples of a frame are equal, so `rmsd_sample` is an error and not diversity, and is not ranked.
↑ upper control (true frames) and ↓ lower control (atoms on their beads) define the scale and are not
ranked. –: no score, for instance because predictions lack some of the atoms. Backbone (N, CA, C and O) and
side chains (other heavy atoms of these residues) are without caps and OXT, so that methods which do not
place those can be compared with the others."""


def leaderboard(scores: pd.DataFrame, differences: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Rank methods on every task by every metric.

    The best method has the lowest ``loss`` of the methods with scores in most folds. The paired differences
    decide which methods tie with it. Fewer than two eligible methods are not ranked.

    Parameters
    ----------
    scores, differences
        Tables of :func:`cgbench.statistics.interval_tables.intervals`.
    runs
        Table that :func:`cgbench.results.tables.collect` wrote.

    Returns
    -------
    DataFrame
        The rows of ``scores``, with ``samples`` (``differ``, ``are equal``, or ``unknown`` for a method
        without a run), ``bound`` (``floor``, ``ceiling`` or nothing), ``mark`` (``best``, ``tied``,
        ``worse``, ``undecided``, or nothing for methods that are not ranked), ``p_adjusted`` of the
        difference from the best, and ``train (min)``, mean over folds.
    """
    methods = runs.drop_duplicates("method").set_index("method")
    kinds = methods["stochastic"].map({True: "differ", False: "are equal"})
    minutes = (runs["wall_seconds"] / 60).groupby([runs[key] for key in ROW_KEY]).mean().rename(COST)
    table = scores.assign(
        samples=scores["method"].map(kinds).fillna("unknown"),
        bound=scores["method"].map(methods["bound"]).fillna(""),
        mark=OUT,
        p_adjusted=np.nan,
    )
    both = pd.concat([differences, differences.rename(columns={"method": "other", "other": "method"})])
    p = both.set_index([*TASK, *COLUMN, "method", "other"])["p_adjusted"].to_dict()
    for key, group in table.groupby([*TASK, *COLUMN], sort=False):
        eligible = group[(group["bound"] == "") & group["mean"].notna()]
        metric = str(group["metric"].iloc[0])
        if metric in DIVERSITY:
            eligible = eligible[eligible["samples"] == "differ"]
        info = metric_info(metric)
        if len(eligible) < 2 or info.better is None:
            continue
        complete = eligible[eligible["folds"] == eligible["folds"].max()]
        behind = eligible["loss"] - complete["loss"].min()
        best = eligible.loc[behind[complete.index].idxmin(), "method"]
        for index, method in eligible["method"].items():
            # A difference over other folds than those of the best is not comparable.
            comparable = index in complete.index
            chance = p.get((*key, method, best), np.nan) if comparable else np.nan
            equal = comparable and behind[index] <= info.rounding
            table.loc[index, ["mark", "p_adjusted"]] = _mark(equal, chance), chance
    return table.join(minutes, on=list(ROW_KEY))


def scores_as_markdown(table: pd.DataFrame) -> str:
    """Write the energy scores and the main metrics of one task as Markdown, each table with its title."""
    return "\n\n".join(f"### {title}\n\n{text}" for title, text in _main_tables(table, _ordered(table)))


def _mark(equal: bool, p: float) -> str:
    if equal:
        return BEST
    if np.isnan(p):
        return UNDECIDED
    return WORSE if p < SIGNIFICANT else TIED


def to_markdown(table: pd.DataFrame, unfinished: str = "", cards: str = "") -> str:
    """Write tables for every dataset and mapping as Markdown.

    ``unfinished`` is a chapter on missing runs, if any, and ``cards`` a table of the methods.
    """
    parts = [HEADER]
    if unfinished:
        parts += ["## Not finished", unfinished]
    if cards:
        parts += ["## Methods", cards]
    for (dataset, mapping), group in table.groupby(["dataset", "mapping"], sort=True):
        ordered = _ordered(group)
        first = {*HEADLINES, *(name for name, _ in RANKING)}
        others = [name for name in ordered["metric"].unique() if name not in first]
        sets = ordered.groupby("metric")["atoms"].min()  # all atoms where it is defined for them
        rest = [(name, sets[name]) for name in others]
        parts += [f"## {dataset}, mapping {mapping}"]
        for title, text in _main_tables(group, ordered):
            parts += [f"### {title}", text]
        parts += [
            "### Scaled from the lower control (0) to the upper control (1)",
            _wide(ordered, [*ALL_ATOMS, *HEAVY], _scaled, units=False),
            "### Further metrics",
            _wide(ordered, rest, _short),
            "### Best methods",
            _best_methods(ordered),
        ]
    return "\n\n".join(parts) + "\n"


def _main_tables(group: pd.DataFrame, ordered: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Titles and tables of the metrics that are read first."""
    if _present(group, RANKING):
        yield "Energy score", _wide(ordered, RANKING, _with_interval)
    yield "All atoms", _wide(ordered, ALL_ATOMS, _with_interval, cost=True)
    yield "Heavy atoms", _wide(ordered, HEAVY, _with_interval)
    for title, columns in (("Backbone", BACKBONE), ("Side chains", SIDE_CHAINS)):
        if _present(group, columns):
            yield title, _wide(ordered, columns, _with_interval)


def _present(group: pd.DataFrame, columns: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Pairs of metric and set of atoms that a table has, in the given order."""
    found = set(zip(group["metric"], group["atoms"], strict=True))
    return [column for column in columns if column in found]


def _ordered(group: pd.DataFrame) -> pd.DataFrame:
    """Rows by resolution, and within it by the energy score."""
    metric, atoms = [*_present(group, RANKING), BEFORE][0]
    first = group[(group["metric"] == metric) & (group["atoms"] == atoms)]
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
    """Table with a row per resolution and method, and a column per metric and set of atoms."""
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
        texts = {key: entry(row) for key, row in column.iterrows()}
        entries = [texts.get(key, NOTHING) for key in each.index]
        if set(entries) - {NOTHING}:
            unit = column["unit"].iloc[0] if units else "1"
            head = (metric, *([atoms] if mixed else []), *([f"({unit})"] if unit != "1" else []))
            shown[" ".join(head)] = entries
    if cost:
        shown[COST] = each[COST].map(lambda minutes: f"{minutes:.2f}" if minutes >= 0 else NOTHING).to_numpy()
    return shown.to_markdown(index=False, disable_numparse=True)


def _with_interval(row: pd.Series) -> str:
    half = row["high"] - row["mean"]
    return _marked(row, f"{row['mean']:.3f}" + ("" if np.isnan(half) else f" ± {half:.3f}"))


def _short(row: pd.Series) -> str:
    return _marked(row, f"{row['mean']:.3g}")


def _scaled(row: pd.Series) -> str:
    return NOTHING if np.isnan(row["scaled"]) else f"{row['scaled']:.2f}"


def _marked(row: pd.Series, text: str) -> str:
    if np.isnan(row["mean"]):
        return NOTHING
    return {BEST: f"**{text}**", TIED: f"{text} ≈", UNDECIDED: f"{text} ?"}.get(row["mark"], text)


def _best_methods(rows: pd.DataFrame) -> str:
    lines = []
    for metric, atoms in (*RANKING, *product(HEADLINES, ("all", "heavy")), *BACKBONE, *SIDE_CHAINS):
        column = rows[(rows["metric"] == metric) & (rows["atoms"] == atoms)]
        found = []
        for n_beads, rows_of_task in column.groupby("n_beads", sort=True):
            best, tied = (
                ", ".join(rows_of_task.loc[rows_of_task["mark"] == mark, "method"]) for mark in (BEST, TIED)
            )
            if best:
                found.append(f"{counted(n_beads, 'bead')} {best}" + (f" (tied: {tied})" if tied else ""))
        if found:
            lines.append(f"- {metric} {atoms}: {'; '.join(found)}")
    return "\n".join(lines) or "No ranking: fewer than two eligible methods."


def write(
    table: pd.DataFrame, csv: Path | str, markdown: Path | str, unfinished: str = "", cards: str = ""
) -> None:
    """Write the leaderboard as CSV and as Markdown, atomically."""
    write_csv(csv, table, "%.6g")
    with atomic_output(markdown) as temporary:
        temporary.write_text(to_markdown(table, unfinished, cards), encoding="utf-8")
