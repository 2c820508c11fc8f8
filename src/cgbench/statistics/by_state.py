"""Scores by the state of trajectories, such as folded and unfolded."""

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
from cgbench.results.scores_file import require_frame_shape
from cgbench.results.tables import ROW_KEY

FrameScores = dict[str, NDArray[Any]]  # state of each test frame, and its score by each metric

METRICS = (
    "energy_score", "rmsd_recon", "rmsd_backmap_mean", "rmsd_backmap_min", "graph_xor", "diversity",
)  # fmt: skip
ATOMS = "heavy"


def scores_by_state(config: RunMatrix) -> pd.DataFrame:
    """Score heavy atoms of the test frames of all folds, separately for each state.

    Returns
    -------
    DataFrame
        dataset, mapping, n_beads, method, ``state`` and a column for each score, with one row for each state
        of datasets with states in their ``card.json``. Runs without scores are left out.

    Raises
    ------
    InputError
        If the scores of a run cannot be read.
    """
    states = {dataset: _states(Path(config.results, "data", dataset)) for dataset in config.run.datasets}
    runs: dict[tuple[Any, ...], list[FrameScores]] = {}
    for cell in config.run_specs():
        scores = config.run_folder(cell) / "scores.npz"
        if any(states[cell.dataset]) and scores.exists():
            key = tuple(getattr(cell, name) for name in ROW_KEY)
            runs.setdefault(key, []).append(_frame_scores(scores, states[cell.dataset]))
    rows = [dict(zip(ROW_KEY, key, strict=True)) | row for key, folds in runs.items() for row in _rows(folds)]
    table = pd.DataFrame(rows, columns=[*ROW_KEY, "state", *METRICS])
    return table.dropna(axis="columns", how="all") if len(table) else table


def _rows(folds: list[FrameScores]) -> Iterator[dict[str, Any]]:
    scores = {name: np.concatenate([fold[name] for fold in folds]) for name in folds[0]}
    states = scores.pop("state")
    for state in dict.fromkeys(states.tolist()):
        row = {"state": state}
        for name, values in scores.items():
            metric, chosen = registry.load("metrics", name)(), values[states == state]
            sums = metric.sum_frames(chosen, np.zeros(len(chosen), dtype=np.int64))
            row[name] = float(metric.value(sums[0]))
        yield row


def _states(data: Path) -> list[str]:
    """State of each trajectory of a dataset; empty if the dataset has not been prepared."""
    card = data / "card.json"
    return [known.get("state", "") for known in read_json(card)["trajectories"]] if card.exists() else []


def _frame_scores(path: Path, states: list[str]) -> FrameScores:
    with opened_arrays(
        path, what="scores of this dataset", missing="run again", cure="delete it and run again"
    ) as arrays:
        scores = {name: arrays[f"{name}.{ATOMS}"] for name in METRICS if f"{name}.{ATOMS}" in arrays}
        for name, values in scores.items():
            require_frame_shape(name, registry.load("metrics", name), values)
        return {"state": np.array([states[index] for index in arrays["trajectory"]]), **scores}
