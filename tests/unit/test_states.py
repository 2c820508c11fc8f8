"""Scores by state of trajectories: means over their frames alone, of datasets that have states."""

import json
import runpy
from pathlib import Path

import numpy as np
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


def test_means_are_of_the_frames_of_a_state(results: Path) -> None:
    table = runpy.run_path(str(ROOT / "benchmarks/states.py"))["table"]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table(results).splitlines()[2:]]
    assert [row[:6] for row in rows] == [
        ["two", "pairs", "3", "mlp", "folded", "0.200"],
        ["two", "pairs", "3", "mlp", "unfolded", "1.500"],
    ]


def test_without_states_it_says_so(tmp_path: Path) -> None:
    table = runpy.run_path(str(ROOT / "benchmarks/states.py"))["table"]
    assert "no scored run of a dataset whose trajectories have states" in table(tmp_path)
