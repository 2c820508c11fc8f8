"""Confidence intervals of all scores, and of the differences between methods on the same frames."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cgbench.chem.molecule import IntArray
from cgbench.core import registry
from cgbench.core.atomic_io import write_csv
from cgbench.core.errors import InputError
from cgbench.core.safe_io import explained
from cgbench.metrics.base import MetricBase
from cgbench.results.scores_file import BlockSums, MetricKey
from cgbench.results.tables import ROW_KEY, metric_info, read_run
from cgbench.statistics.confidence_intervals import Estimate, FoldValues
from cgbench.statistics.multiple_comparisons import chance_of_lead

Floats = NDArray[np.float64]
Methods = dict[str, dict[int, "RunValues"]]  # of a task, by method and fold
Row = dict[str, Any]

MEASURES = ("mean", "low", "high", "loss", "scaled")
SCORE_COLUMNS = (*ROW_KEY, "metric", "atoms", "unit", *MEASURES, "folds", "blocks")
DIFFERENCE_COLUMNS = (
    *ROW_KEY, "other", "metric", "atoms", "unit", "difference", "low", "high", "p", "p_adjusted", "folds",
)  # fmt: skip
TEXT_COLUMNS = ("dataset", "mapping", "method", "other", "metric", "atoms", "unit")
INTEGER_COLUMNS = ("n_beads", "folds", "blocks")


@dataclass(frozen=True)
class RunValues:
    """Values of the metrics of one run.

    Attributes
    ----------
    path, frames
        As of :class:`BlockSums`.
    scores
        Value of each metric in the fold of the run.
    compared
        What differences are taken of: the scores, or their absolute values for a metric that is best at 0.
    """

    path: Path
    frames: IntArray
    scores: dict[MetricKey, FoldValues]
    compared: dict[MetricKey, FoldValues]


def intervals(
    runs: Iterable[Path | str], only: Collection[str] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimate scores and differences of runs whose test frames have been scored.

    Parameters
    ----------
    runs
        Directories with ``run.json`` and ``scores.npz``, of any tasks, methods and folds.
    only
        Names of metrics; all of them by default.

    Returns
    -------
    scores
        One row per task, method, metric and set of atoms: ``mean`` over folds with its 95 % interval
        ``low`` to ``high``; ``loss``, by which methods are ranked and of which lower is better: the mean,
        its negative, or the mean over folds of the absolute value for a metric that is best at 0;
        ``scaled``, the loss on a scale from the lower control of the task (0) to its upper control (1), NaN
        if one of them is missing or not better than the other; and the number of ``folds`` with a score
        and of ``blocks`` of all folds.
    differences
        One row per pair of methods of a task and metric: ``difference``, method − other, over the
        ``folds`` of both, with its interval and two-sided p-value ``p``; and ``p_adjusted``, the probability
        that the best of as many methods as the task has, without those of the scale, leads another by as much
        if all are equally good. For a metric that is best at 0 it is the difference of the absolute values.

    Raises
    ------
    InputError
        If a file is missing or damaged, or two methods were scored on different test frames.
    """
    plug_in = cache(partial(registry.load, "metrics"))
    tasks: dict[tuple[Any, ...], Methods] = {}
    bounds: dict[str, str | None] = {}
    for directory in map(Path, runs):
        run = read_run(directory / "run.json")
        methods = tasks.setdefault((run["dataset"], run["mapping"], run["n_beads"]), {})
        methods.setdefault(run["method"], {})[run["fold"]] = _values(directory, only, plug_in)
        bounds[run["method"]] = run.get("bound")
    scores: list[Row] = []
    differences: list[Row] = []
    for task, methods in sorted(tasks.items()):
        _refuse_different_frames(methods, ", ".join(map(str, task)))
        ranked = [name for name in methods if not bounds[name]]
        scored = {key for folds in methods.values() for run in folds.values() for key in run.scores}
        for metric in sorted(scored):
            unit = plug_in(metric[0]).unit
            labels = dict(zip((*ROW_KEY[:3], "metric", "atoms", "unit"), (*task, *metric, unit), strict=True))
            of_methods, of_pairs = _estimates(methods, metric, ranked)
            _add_scaled(of_methods, bounds)
            scores += [labels | row for row in of_methods]
            differences += [labels | row for row in of_pairs]
    return (
        pd.DataFrame(scores, columns=list(SCORE_COLUMNS)),
        pd.DataFrame(differences, columns=list(DIFFERENCE_COLUMNS)),
    )


def _values(
    directory: Path, only: Collection[str] | None, plug_in: Callable[[str], type[MetricBase]]
) -> RunValues:
    """Read the scores of a run, one metric after the other."""
    sums = BlockSums.of_run(directory)
    chosen = {key: plug_in(key[0]) for key in sums.metrics if only is None or key[0] in only}
    scores: dict[MetricKey, FoldValues] = {}
    compared: dict[MetricKey, FoldValues] = {}
    for key, blocks in sums.read(chosen):
        metric = chosen[key]()
        scores[key] = compared[key] = FoldValues.of_sums([blocks], metric.value)
        if metric.better == "zero":
            compared[key] = FoldValues.of_sums([blocks], _absolute(metric.value))
    return RunValues(sums.path, sums.frames, scores, compared)


def _absolute(value: Callable[[Floats], Floats]) -> Callable[[Floats], Floats]:
    return lambda total: np.abs(value(total))


def _refuse_different_frames(methods: Methods, task: str) -> None:
    """Refuse methods with different frames or blocks in a fold, because differences are paired by block."""
    first: dict[int, tuple[str, RunValues]] = {}
    for method, folds in sorted(methods.items()):
        for fold, run in folds.items():
            other, known = first.setdefault(fold, (method, run))
            if not np.array_equal(run.frames, known.frames):
                raise InputError(
                    f"{task}: {other} and {method} were scored on different test frames in fold {fold}; "
                    f"delete the older of {known.path} and {run.path} and run again"
                )


def _estimates(methods: Methods, metric: MetricKey, ranked: Sequence[str]) -> tuple[list[Row], list[Row]]:
    """Rows of all methods and of all pairs of methods, without the columns that are equal in all of them."""
    info = metric_info(metric[0])

    @cache
    def compared(method: str, folds: tuple[int, ...]) -> FoldValues:
        return FoldValues.joined([methods[method][fold].compared[metric] for fold in folds])

    scored = {
        name: tuple(sorted(fold for fold, run in folds.items() if metric in run.scores))
        for name, folds in sorted(methods.items())
    }
    scored = {name: folds for name, folds in scored.items() if folds}
    n_ranked = sum(name in scored for name in ranked)
    of_methods = []
    for name, folds in scored.items():
        found = FoldValues.joined([methods[name][fold].scores[metric] for fold in folds])
        loss = info.loss(float(compared(name, folds).mean()))
        counts = {"folds": int((~np.isnan(found.by_fold)).sum()), "blocks": len(found.fold)}
        of_methods.append({"method": name, **vars(Estimate.of(found)), "loss": loss} | counts)
    of_pairs = []
    for name, other in combinations(scored, 2):
        if shared := tuple(fold for fold in scored[name] if fold in scored[other]):
            difference = compared(name, shared) - compared(other, shared)
            estimate = Estimate.of(difference)
            adjusted = np.nan
            if n_ranked > 1:
                adjusted = chance_of_lead(estimate.statistic, difference.blocks_per_fold, n_ranked)
            row = {"method": name, "other": other, **vars(estimate), "difference": estimate.mean}
            of_pairs.append(row | {"p_adjusted": adjusted, "folds": len(shared)})
    return of_methods, of_pairs


def _add_scaled(rows: list[Row], bounds: dict[str, str | None]) -> None:
    """Add the loss on a scale from the lower control (0) to the upper control (1) to rows of one task."""
    losses = {bounds[row["method"]]: row["loss"] for row in rows}
    lower, upper = losses.get("floor", np.nan), losses.get("ceiling", np.nan)
    span = lower - upper if lower > upper else np.nan
    for row in rows:
        row["scaled"] = (lower - row["loss"]) / span


def write(scores: pd.DataFrame, differences: pd.DataFrame, output: Path | str, pairs: Path | str) -> None:
    """Write the two tables of :func:`intervals`, atomically."""
    write_csv(output, scores)
    write_csv(pairs, differences)


def _read(path: Path | str, columns: Sequence[str]) -> pd.DataFrame:
    """Read a table that :func:`write` wrote; an InputError names a file that is missing or damaged."""
    with explained(path, "a table of intervals", "run `cgbench intervals` first", "delete it and run again"):
        table = pd.read_csv(path, dtype=str, keep_default_na=False)[list(columns)]
        numbers = [column for column in columns if column not in TEXT_COLUMNS]
        table[numbers] = table[numbers].replace("", "nan").astype(float)
        return table.astype({column: int for column in INTEGER_COLUMNS if column in table})


# Readers of both tables.
read_intervals = partial(_read, columns=SCORE_COLUMNS)
read_differences = partial(_read, columns=DIFFERENCE_COLUMNS)
