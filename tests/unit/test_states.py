"""Scores by state of trajectories: means over their frames alone, of datasets that have states."""

import json
import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
RECON = [0.1, 0.3, 1.0, 2.0]  # of two folded frames and two unfolded ones


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for dataset, states in (("two", ["folded", "unfolded"]), ("none", ["", ""])):
        data, run = tmp_path / "data" / dataset, tmp_path / f"runs/{dataset}/pairs-3/mlp/fold0"
        data.mkdir(parents=True)
        run.mkdir(parents=True)
        card = {"trajectories": [{"file": "a", "state": state} for state in states]}
        (data / "card.json").write_text(json.dumps(card))
        key = {"dataset": dataset, "mapping": "pairs", "n_beads": 3, "method": "mlp"}
        (run / "run.json").write_text(json.dumps(key))
        names = ("rmsd_recon", "rmsd_backmap_mean", "rmsd_backmap_min", "graph_xor", "diversity")
        scores = {f"{name}.heavy": np.array(RECON) for name in names}
        np.savez(run / "scores.npz", trajectory=np.array([0, 0, 1, 1]), **scores)
    return tmp_path


@pytest.fixture(scope="module")
def means() -> Callable[[Path], pd.DataFrame]:
    function: Callable[[Path], pd.DataFrame] = runpy.run_path(str(ROOT / "benchmarks/states.py"))["means"]
    return function


def test_means_are_of_the_frames_of_a_state(results: Path, means: Callable[[Path], pd.DataFrame]) -> None:
    table = means(results)
    keys = ["dataset", "mapping", "n_beads", "method", "state"]
    assert table[keys].to_numpy().tolist() == [
        ["two", "pairs", 3, "mlp", "folded"],
        ["two", "pairs", 3, "mlp", "unfolded"],
    ]
    assert table["rmsd_recon"].tolist() == pytest.approx([0.2, 1.5])


def test_runs_without_scores_are_left_out(results: Path, means: Callable[[Path], pd.DataFrame]) -> None:
    before = means(results)
    run = results / "runs/two/pairs-3/linear/fold0"
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}")
    pd.testing.assert_frame_equal(means(results), before)


def test_without_states_it_says_so(tmp_path: Path, means: Callable[[Path], pd.DataFrame]) -> None:
    with pytest.raises(SystemExit, match="no scored run of a dataset whose trajectories have states"):
        means(tmp_path)
