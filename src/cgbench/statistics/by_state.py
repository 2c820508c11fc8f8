"""Scores by the state of the trajectories they are of: whether a method knows one state better."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cgbench.config.run_matrix import RunMatrix
from cgbench.core import registry
from cgbench.core.atomic_io import read_json
from cgbench.core.safe_io import opened_arrays
from cgbench.results.scores_file import refuse_other_shape
from cgbench.results.tables import TASK

Stored = dict[str, NDArray[Any]]  # state of every test frame, and what it gives to every metric

METRICS = ("rmsd_recon", "rmsd_backmap_mean", "rmsd_backmap_min", "graph_xor", "diversity")
ATOMS = "heavy"


def scores_by_state(config: RunMatrix) -> pd.DataFrame:
    """Score heavy atoms over the test frames of all folds together, for every state apart.

    Returns
    -------
    DataFrame
        dataset, mapping, n_beads, method, ``state`` and a column for every score; a row for every state,
        of datasets whose cards name states. Runs without scores are left out.

    Raises
    ------
    InputError
        If the scores of a run cannot be read.
    """
    states = {dataset: _states(Path(config.results, "data", dataset)) for dataset in config.run.datasets}
    runs: dict[tuple[Any, ...], list[Stored]] = {}
    for cell in config.run_specs():
        scores = config.run_folder(cell) / "scores.npz"
        if any(states[cell.dataset]) and scores.exists():
            key = tuple(getattr(cell, name) for name in TASK)
            runs.setdefault(key, []).append(_of_run(scores, states[cell.dataset]))
    rows = [dict(zip(TASK, key, strict=True)) | row for key, folds in runs.items() for row in _rows(folds)]
    table = pd.DataFrame(rows, columns=[*TASK, "state", *METRICS])
    return table.dropna(axis="columns", how="all") if len(table) else table


def _rows(folds: list[Stored]) -> Iterator[dict[str, Any]]:
    whole = {name: np.concatenate([stored[name] for stored in folds]) for name in folds[0]}
    state = whole.pop("state")
    for name in dict.fromkeys(state.tolist()):
        yield {"state": name} | {
            metric: _value(metric, values[state == name]) for metric, values in whole.items()
        }


def _value(metric: str, per_frame: NDArray[np.float64]) -> float:
    of = registry.load("metrics", metric)()
    return float(of.value(of.sums(per_frame, np.zeros(len(per_frame), dtype=np.int64))[0]))


def _states(data: Path) -> list[str]:
    """State of every trajectory of a dataset; empty where there is no dataset yet or none has one."""
    card = data / "card.json"
    return [known.get("state", "") for known in read_json(card)["trajectories"]] if card.exists() else []


def _of_run(path: Path, states: list[str]) -> Stored:
    with opened_arrays(
        path, what="scores of this dataset", missing="run again", cure="delete it and run again"
    ) as scores:
        state = np.array([states[index] for index in scores["trajectory"]])
        stored = {name: scores[f"{name}.{ATOMS}"] for name in METRICS if f"{name}.{ATOMS}" in scores}
        for name, values in stored.items():
            refuse_other_shape(name, values)
        return {"state": state, **stored}
