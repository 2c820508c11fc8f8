"""Tidy result tables: reading, checking, collecting, and averaging over folds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import pandas as pd

from cgbench.core import registry
from cgbench.core.atomic_io import atomic_output, read_json
from cgbench.core.errors import InputError
from cgbench.results.samples_file import sampling_cost

# metrics.csv: what a row is about (one row per distinct key), and what it says.
KEY = ("dataset", "mapping", "n_beads", "method", "fold", "split", "metric", "atoms")
COLUMNS: dict[str, type] = {
    **dict.fromkeys(KEY, str),
    "n_beads": int,
    "fold": int,
    "unit": str,
    "value": float,
    "n_frames": int,
}
# run.json: which run it is of, and what else every run must say about itself; it may say more.
RUN_KEY = ("dataset", "mapping", "n_beads", "method", "fold")
RUN_FACTS = (*RUN_KEY, "stochastic")
# The columns that remain when folds are averaged.
TASK = ("dataset", "mapping", "n_beads", "method")

Values = TypeVar("Values", float, pd.Series)


@dataclass(frozen=True)
class MetricInfo:
    """What a metric's plug-in says about its values.

    Attributes
    ----------
    label
        Name for axes and table heads, without unit.
    better
        Whether lower or higher values are better, or those nearest to zero; None if nobody says.
    rounding
        Differences up to it are of floating point and not of methods.
    """

    label: str
    better: Literal["lower", "higher", "zero"] | None
    rounding: float = 0.0

    def loss(self, values: Values) -> Values:
        """Turn values into numbers of which less is better; NaN if nobody says."""
        return {"lower": values, "higher": -values, "zero": abs(values), None: values * np.nan}[self.better]


def metric_info(metric: str) -> MetricInfo:
    """Look up ``metric``; a table may be older than the removal of a plug-in, so none is required."""
    if metric not in registry.names("metrics"):
        return MetricInfo(metric, None)
    plugin = registry.load("metrics", metric)
    return MetricInfo(plugin.label, plugin.better, plugin.rounding)


def read_metrics(path: Path | str) -> pd.DataFrame:
    """Read a ``metrics.csv``, of one run or collected.

    A value may be NaN, where a metric is undefined; nothing else may be missing.

    Raises
    ------
    InputError
        If the file is missing, damaged or lacks a column, or if a key stands there twice.
    """
    try:
        # Only an empty or "nan" value is missing: a method may well be called "NA" or "null".
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        table = table[list(COLUMNS)].replace({"value": {"": "nan"}}).astype(COLUMNS)
    except FileNotFoundError:
        raise InputError(f"{path}: no such table; run `cgbench score` or `cgbench collect` first") from None
    except KeyError as error:
        raise InputError(
            f"{path}: not a table of metrics ({error.args[0]}); delete it and run again"
        ) from None
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: damaged table ({error}); delete it and run again") from None
    _refuse_duplicates(table, KEY, f"{path}")
    return table


def read_run(path: Path | str) -> dict[str, Any]:
    """Read a ``run.json``, its nested parts flattened to dotted keys (``versions.torch``).

    Raises
    ------
    InputError
        If the file is missing or damaged, or does not say which run it belongs to or whether the
        method is stochastic.
    """
    stored = read_json(path)
    if not isinstance(stored, dict):
        raise InputError(f"{path}: expected an object, found {type(stored).__name__}; train again")
    missing = [key for key in RUN_FACTS if key not in stored]
    if missing:
        raise InputError(f"{path}: lacks {', '.join(missing)}; delete it and train again")
    return dict(_flat(stored))


def read_runs(path: Path | str) -> pd.DataFrame:
    """Read a ``runs.csv`` that :func:`collect` wrote.

    Raises
    ------
    InputError
        If the file is missing, damaged or lacks a column.
    """
    try:
        # Refused rather than guessed where empty: what is not a number can be cast to a truth.
        dtype = {**dict.fromkeys(TASK, str), "stochastic": bool}
        table = pd.read_csv(path, dtype=dtype, keep_default_na=False, na_values="")
        table = table.astype({"n_beads": int, "fold": int, "stochastic": bool, "wall_seconds": float})
        # Runs of methods that are no bound need not say so, nor those whose samples are gone what these took.
        for name in ("bound", "sample_seconds", "n_test"):
            if name not in table:
                table[name] = np.nan
        return table.assign(bound=table["bound"].astype(object).fillna(""))
    except FileNotFoundError:
        raise InputError(f"{path}: no such table; run `cgbench collect` first") from None
    except (KeyError, ValueError, OSError) as error:
        raise InputError(f"{path}: not a table of runs ({error}); delete it and collect again") from None


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def collect(
    metric_files: Iterable[Path | str],
    run_files: Iterable[Path | str],
    output_csv: Path | str,
    runs_csv: Path | str,
) -> list[Path]:
    """Concatenate the tables of single runs that exist, and name those that do not.

    Parameters
    ----------
    metric_files, run_files
        ``metrics.csv`` and ``run.json`` of every run that is wanted.
    output_csv, runs_csv
        Where the two collected tables go: scores in tidy rows, and one row of cost per run.

    Returns
    -------
    list of Path
        Files that were asked for and do not exist.

    Raises
    ------
    InputError
        If a file is damaged, if two files hold the same row, or if there is nothing to collect.
    """
    present: dict[str, list[Path]] = {}
    missing: list[Path] = []
    for kind, files in (("metrics", metric_files), ("runs", run_files)):
        paths = [Path(file) for file in files]
        present[kind] = [path for path in paths if path.exists()]
        missing += [path for path in paths if not path.exists()]
        if not present[kind]:
            raise InputError(
                f"nothing to collect: none of {len(paths)} {kind} files exists"
                + (f", the first is {paths[0]}; train and score first" if paths else "")
            )
    metrics = pd.concat([read_metrics(path) for path in present["metrics"]], ignore_index=True)
    runs = pd.DataFrame([_cost(path) for path in present["runs"]])
    for table, key, path in ((metrics, KEY, output_csv), (runs, RUN_KEY, runs_csv)):
        _refuse_duplicates(table, key, f"tables to collect into {path}")
        with atomic_output(path) as temporary:
            table.sort_values(list(key), kind="stable").to_csv(temporary, index=False)
    return missing


def _cost(path: Path) -> dict[str, Any]:
    """Row of a run: what ``run.json`` says, and what sampling took if it has been done."""
    # Settings differ from method to method and would make a wide and sparse table; config_hash
    # stands for them, run.json holds them.
    row = {key: value for key, value in read_run(path).items() if not key.startswith("settings.")}
    samples = path.with_name("samples.npz")
    if not samples.exists():
        return row
    seconds, n_test = sampling_cost(samples)
    return row | {"sample_seconds": seconds, "n_test": n_test}


def _refuse_duplicates(table: pd.DataFrame, key: Iterable[str], where: str) -> None:
    repeated = table[table.duplicated(list(key))]
    if len(repeated):
        first = ", ".join(f"{column}={repeated.iloc[0][column]}" for column in key)
        raise InputError(f"{where}: {len(repeated)} rows stand there twice, the first is {first}")


def scored(metrics: pd.DataFrame) -> pd.DataFrame:
    """Test scores that are defined.

    Raises
    ------
    InputError
        If there are no test scores.
    """
    test = metrics[metrics["split"] == "test"]
    if test.empty:
        raise InputError(
            f"no scores of split 'test'; there are: {', '.join(sorted(set(metrics['split']))) or 'none'}"
        )
    return test.dropna(subset="value")


def mean_over_folds(metrics: pd.DataFrame) -> pd.DataFrame:
    """Average test scores over folds.

    Returns
    -------
    DataFrame
        One row per dataset, mapping, n_beads, method, metric and atoms, with ``unit``, ``mean``,
        ``sd`` (n − 1 in the denominator), ``se`` = sd / √n and ``folds`` = n. With one fold, sd
        and se are NaN: nothing is known about the spread. The training sets of folds overlap, so
        their scores are not independent and se is a lower bound.

    Raises
    ------
    InputError
        If there are no test scores.
    """
    groups = scored(metrics).groupby([*TASK, "metric", "atoms", "unit"], sort=True)["value"]
    summary = groups.agg(mean="mean", sd="std", folds="count").reset_index()
    summary["se"] = summary["sd"] / np.sqrt(summary["folds"])
    return summary
