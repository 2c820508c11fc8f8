"""Confidence intervals of all scores, and of the differences between methods on the same frames."""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cgbench.core import registry
from cgbench.core.atomic_io import atomic_output
from cgbench.core.errors import InputError
from cgbench.results.scores_file import BlockSums, Finish, Metric, distance_from_zero, finish
from cgbench.results.tables import TASK, metric_info, read_run
from cgbench.statistics.bootstrap import Estimate, Resampling, mean_of_defined

Floats = NDArray[np.float64]
Task = dict[str, dict[int, BlockSums]]  # by method and fold
Folds = tuple[int, ...]
Row = dict[str, Any]

MEASURES = ("mean", "low", "high", "loss", "scaled")
SCORE_COLUMNS = (*TASK, "metric", "atoms", "unit", *MEASURES, "folds", "blocks")
WHOLE = ("n_beads", "folds", "blocks")
DIFFERENCE_COLUMNS = (*TASK, "other", "metric", "atoms", "unit", "difference", "low", "high", "p", "folds")


def intervals(runs: Iterable[Path | str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimate scores and differences of runs whose test frames have been scored.

    Parameters
    ----------
    runs
        Directories with ``run.json`` and ``scores.npz``, of any tasks, methods and folds.

    Returns
    -------
    scores
        One row per task, method, metric and set of atoms: ``mean`` over folds with its 95 %
        interval ``low`` to ``high``; ``loss``, by which methods are ranked and which is the lower
        the better: the mean, its negative, or, of a metric that is best at 0, the mean over folds of
        the distances from it; ``scaled``, which is 0 for the floor of the task and 1 for its ceiling
        (NaN where one of them has not run or the metric does not put the ceiling above); and the
        number of ``folds`` that have a score and of ``blocks`` of all.
    differences
        One row per pair of methods of a task and metric: ``difference``, method − other, over the
        ``folds`` that both have, with its interval and ``p``, the two-sided probability of one as
        far from 0 by chance. Of a metric that is best at 0, it is that of the distances from 0.

    Raises
    ------
    InputError
        If a file is missing or damaged, or two methods were tested on other frames.
    """
    tasks: dict[tuple[Any, ...], Task] = {}
    bounds: dict[str, str | None] = {}
    for directory in map(Path, runs):
        run = read_run(directory / "run.json")
        task = tasks.setdefault((run["dataset"], run["mapping"], run["n_beads"]), {})
        task.setdefault(run["method"], {})[run["fold"]] = BlockSums.of_run(directory)
        bounds[run["method"]] = run.get("bound")
    scores: list[dict[str, Any]] = []
    differences: list[dict[str, Any]] = []
    for key, methods in sorted(tasks.items()):
        labels = dict(zip(TASK, key, strict=False))
        _refuse_other_frames(methods, ", ".join(map(str, key)))
        for metric in sorted(
            {metric for folds in methods.values() for sums in folds.values() for metric in sums.metrics}
        ):
            found, against = _of_metric(methods, metric)
            _add_scaled(found, bounds)
            of = {"metric": metric[0], "atoms": metric[1], "unit": registry.load("metrics", metric[0]).unit}
            scores += [labels | of | row for row in found]
            differences += [labels | of | row for row in against]
    return (
        pd.DataFrame(scores, columns=list(SCORE_COLUMNS)),
        pd.DataFrame(differences, columns=list(DIFFERENCE_COLUMNS)),
    )


def _refuse_other_frames(methods: Task, where: str) -> None:
    """Differences are paired by frame and block, so all methods must have the same in every fold."""
    first: dict[int, tuple[str, BlockSums]] = {}
    for method, folds in sorted(methods.items()):
        for fold, sums in folds.items():
            other, known = first.setdefault(fold, (method, sums))
            if not np.array_equal(sums.frames, known.frames):
                raise InputError(
                    f"{where}: {other} and {method} were scored on other test frames in fold {fold}; delete "
                    f"the older of {known.path} and {sums.path} and run again"
                )


def _of_metric(methods: Task, metric: Metric) -> tuple[list[Row], list[Row]]:
    """Rows of every method and of every pair of methods, without what is the same in all of them."""
    made, facts = finish(metric[0]), metric_info(metric[0])
    compared = distance_from_zero(made) if facts.better == "zero" else made

    @cache
    def sums(method: str, fold: int) -> Floats:
        return methods[method][fold].read(metric)

    @cache
    def values(method: str, folds: Folds, made: Finish) -> tuple[Resampling, Floats, Floats]:
        parts = [sums(method, fold) for fold in folds]
        resampling = _resampling(tuple(map(len, parts)))
        return resampling, *resampling.values(np.concatenate(parts), made)

    scored = {
        name: tuple(sorted(fold for fold, sums in folds.items() if metric in sums.metrics))
        for name, folds in sorted(methods.items())
    }
    scored = {name: folds for name, folds in scored.items() if folds}
    found = []
    for name, folds in scored.items():
        resampling, by_fold, draws = values(name, folds, made)
        estimate = resampling.estimate(by_fold, draws)
        loss = facts.loss(float(mean_of_defined(values(name, folds, compared)[1])))
        counts = {"folds": int((~np.isnan(by_fold)).sum()), "blocks": len(resampling.fold)}
        found.append({"method": name, "mean": estimate.mean, **_ends(estimate), "loss": loss, **counts})
    against = []
    for name, other in combinations(scored, 2):
        shared = tuple(fold for fold in scored[name] if fold in scored[other])
        if not shared:
            continue
        resampling, a, a_draws = values(name, shared, compared)
        _, b, b_draws = values(other, shared, compared)
        estimate = resampling.estimate(a - b, a_draws - b_draws)
        row = {"method": name, "other": other, "difference": estimate.mean, **_ends(estimate)}
        against.append(row | {"p": estimate.p, "folds": len(shared)})
    return found, against


@cache
def _resampling(blocks_per_fold: Folds) -> Resampling:
    return Resampling.of(blocks_per_fold)


def _ends(estimate: Estimate) -> Row:
    return {"low": estimate.mean - estimate.reach, "high": estimate.mean + estimate.reach}


def _add_scaled(rows: list[Row], bounds: dict[str, str | None]) -> None:
    """Add to rows of one task and metric where they lie between floor (0) and ceiling (1)."""
    ends = {bounds[row["method"]]: row["loss"] for row in rows}
    floor, ceiling = ends.get("floor", np.nan), ends.get("ceiling", np.nan)
    span = floor - ceiling if floor > ceiling else np.nan
    for row in rows:
        row["scaled"] = (floor - row["loss"]) / span


def write(scores: pd.DataFrame, differences: pd.DataFrame, output: Path | str, pairs: Path | str) -> None:
    """Write the two tables of :func:`intervals`, atomically."""
    for table, path in ((scores, output), (differences, pairs)):
        with atomic_output(path) as temporary:
            table.to_csv(temporary, index=False)


def read_intervals(path: Path | str) -> pd.DataFrame:
    """Read scores with intervals that :func:`write` wrote.

    Raises
    ------
    InputError
        If the file is missing, damaged or lacks a column.
    """
    return _read(path, SCORE_COLUMNS)


def read_differences(path: Path | str) -> pd.DataFrame:
    """Read differences that :func:`write` wrote.

    Raises
    ------
    InputError
        If the file is missing, damaged or lacks a column.
    """
    return _read(path, DIFFERENCE_COLUMNS)


def _read(path: Path | str, columns: Sequence[str]) -> pd.DataFrame:
    texts = ("dataset", "mapping", "method", "other", "metric", "atoms", "unit")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)[list(columns)]
        numbers = [column for column in columns if column not in texts]
        table[numbers] = table[numbers].replace("", "nan").astype(float)
        return table.astype({column: int for column in WHOLE if column in table})
    except FileNotFoundError:
        raise InputError(f"{path}: no such table; run `cgbench intervals` first") from None
    except (KeyError, ValueError, OSError) as error:
        raise InputError(f"{path}: damaged table ({error}); delete it and run again") from None
