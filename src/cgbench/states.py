"""Scores by the state of the trajectories they are of: whether a method knows one state better."""

from pathlib import Path

import pandas as pd

from cgbench.files import read_json
from cgbench.plan import Plan
from cgbench.reading import opened_arrays
from cgbench.results import TASK

METRICS = ("rmsd_recon", "rmsd_backmap_mean", "rmsd_backmap_min", "graph_xor", "diversity")
ATOMS = "heavy"


def scores_by_state(config: Plan) -> pd.DataFrame:
    """Average scores of heavy atoms over the test frames of all folds, for every state apart.

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
    tables = [pd.DataFrame(columns=[*TASK, "state", *METRICS])]
    for cell in config.cells():
        scores = config.run_folder(cell) / "scores.npz"
        if any(states[cell.dataset]) and scores.exists():
            key = {name: getattr(cell, name) for name in TASK}
            tables.append(_of_run(scores, states[cell.dataset]).assign(**key))
    means = pd.concat(tables[1:] or tables).groupby([*TASK, "state"], sort=False).mean().reset_index()
    return means[[*TASK, "state", *(name for name in METRICS if name in means)]]


def _states(data: Path) -> list[str]:
    """State of every trajectory of a dataset; empty where there is no dataset yet or none has one."""
    card = data / "card.json"
    return [known.get("state", "") for known in read_json(card)["trajectories"]] if card.exists() else []


def _of_run(path: Path, states: list[str]) -> pd.DataFrame:
    with opened_arrays(
        path, what="scores of this dataset", missing="run again", cure="delete it and run again"
    ) as scores:
        state = [states[index] for index in scores["trajectory"]]
        stored = {name: scores[f"{name}.{ATOMS}"] for name in METRICS if f"{name}.{ATOMS}" in scores}
        return pd.DataFrame({"state": state, **stored})
