"""Tidy result tables: reading, checking, collecting and averaging over folds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import pandas as pd

from cgbench.core import registry
from cgbench.core.atomic_io import read_json, write_csv
from cgbench.core.errors import InputError
from cgbench.core.safe_io import explained
from cgbench.results.samples_file import sampling_cost

# Columns of metrics.csv. The key columns identify a row.
KEY = ("dataset", "mapping", "n_beads", "method", "fold", "split", "metric", "atoms")
COLUMNS: dict[str, type] = {
    **dict.fromkeys(KEY, str),
    "n_beads": int,
    "fold": int,
    "unit": str,
    "value": float,
    "n_frames": int,
}
# Required keys of run.json.
RUN_KEY = ("dataset", "mapping", "n_beads", "method", "fold")
REQUIRED_RUN_KEYS = (*RUN_KEY, "stochastic")
# Columns that remain when folds are averaged.
ROW_KEY = ("dataset", "mapping", "n_beads", "method")

Values = TypeVar("Values", float, pd.Series)


@dataclass(frozen=True)
class MetricInfo:
    """Label and direction of a metric.

    Attributes
    ----------
    label
        Name for axes and table heads, without unit.
    better
        Whether lower values, higher values, or those nearest to zero are better; None if unknown.
    rounding
        Largest difference that rounding explains.
    """

    label: str
    better: Literal["lower", "higher", "zero"] | None
    rounding: float = 0.0

    def loss(self, values: Values) -> Values:
        """Convert values to losses, of which lower is better; NaN if the direction is unknown."""
        return {"lower": values, "higher": -values, "zero": abs(values), None: values * np.nan}[self.better]


def metric_info(metric: str) -> MetricInfo:
    """Look up a metric; its name is the label of a metric in an old table that has no plug-in any more."""
    if metric not in registry.names("metrics"):
        return MetricInfo(metric, None)
    plugin = registry.load("metrics", metric)
    return MetricInfo(plugin.label, plugin.better, plugin.rounding)


def table_file(folder: Path, name: str) -> Path:
    """Path of a table in a results folder, or in one that `cgbench export` wrote, where it is compressed."""
    packed = folder / f"{name}.gz"
    return packed if packed.exists() else folder / name


def read_metrics(path: Path | str) -> pd.DataFrame:
    """Read a ``metrics.csv``, of one run or collected.

    Only values may be missing, where a metric is undefined.

    Raises
    ------
    InputError
        If the file is missing or damaged, lacks a column or has two rows with the same key.
    """
    first = "run `cgbench score` or `cgbench collect` first"
    with explained(path, "a table of metrics", first, "delete it and run again"):
        # Only an empty or "nan" value is missing: a method may well be called "NA" or "null".
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        table = table[list(COLUMNS)].replace({"value": {"": "nan"}}).astype(COLUMNS)
    _refuse_duplicates(table, KEY, f"{path}")
    return table


def read_run(path: Path | str) -> dict[str, Any]:
    """Read a ``run.json`` with nested keys joined by dots (``versions.torch``).

    Raises
    ------
    InputError
        If the file is missing or damaged, or lacks a key of :data:`REQUIRED_RUN_KEYS`.
    """
    stored = read_json(path)
    if not isinstance(stored, dict):
        raise InputError(f"{path}: expected an object, found {type(stored).__name__}; train again")
    missing = [key for key in REQUIRED_RUN_KEYS if key not in stored]
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
    with explained(path, "a table of runs", "run `cgbench collect` first", "delete it and collect again"):
        # An empty value cannot be read as bool, while NaN could be cast to True.
        dtype = {**dict.fromkeys(ROW_KEY, str), "stochastic": bool}
        table = pd.read_csv(path, dtype=dtype, keep_default_na=False, na_values="")
        table = table.astype({"n_beads": int, "fold": int, "stochastic": bool, "wall_seconds": float})
        # Optional: only controls have a bound, and only runs that are sampled have a cost of sampling.
        for name in ("bound", "sample_seconds", "n_test"):
            if name not in table:
                table[name] = np.nan
        return table.assign(bound=table["bound"].astype(object).fillna(""))


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def collect(folders: Iterable[Path | str], output_csv: Path | str, runs_csv: Path | str) -> list[Path]:
    """Concatenate the tables of single runs.

    Parameters
    ----------
    folders
        Folders of the runs with ``metrics.csv`` and ``run.json``; files that do not exist are left out.
    output_csv, runs_csv
        Output files: scores in tidy rows, and one row per run with its cost.

    Returns
    -------
    list of Path
        Files that do not exist.

    Raises
    ------
    InputError
        If a file is damaged, if two files hold the same row, or if no file exists.
    """
    present: dict[str, list[Path]] = {}
    missing: list[Path] = []
    of_runs = [*map(Path, folders)]
    for kind, name in (("metrics", "metrics.csv"), ("runs", "run.json")):
        paths = [folder / name for folder in of_runs]
        present[kind] = [path for path in paths if path.exists()]
        missing += [path for path in paths if not path.exists()]
        if not present[kind]:
            first = f", the first is {paths[0]}; train and score first" if paths else ""
            raise InputError(f"nothing to collect: none of {len(paths)} {kind} files exists{first}")
    metrics = pd.concat([read_metrics(path) for path in present["metrics"]], ignore_index=True)
    runs = pd.DataFrame([_cost(path) for path in present["runs"]])
    for table, key, path in ((metrics, KEY, output_csv), (runs, RUN_KEY, runs_csv)):
        _refuse_duplicates(table, key, f"tables to collect into {path}")
        write_csv(path, table.sort_values(list(key), kind="stable"))
    return missing


def _cost(path: Path) -> dict[str, Any]:
    """Row of a run: ``run.json``, and the cost of sampling if samples are stored."""
    # Settings differ between methods and would make a sparse table; config_hash represents them.
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
        raise InputError(f"{where}: {len(repeated)} duplicate rows, the first is {first}; keep one of each")
