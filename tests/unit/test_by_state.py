"""Scores by state of trajectories."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from cgbench.cli.main import app
from cgbench.config.run_matrix import RunMatrix
from cgbench.core.errors import InputError
from cgbench.statistics.by_state import scores_by_state

ROOT = Path(__file__).parents[2]
RECON = ([0.1, 0.3, 1.0], [2.0, 4.0])  # of two folds; folded, folded, unfolded; folded, unfolded
STATES = (["folded", "folded", "unfolded"], ["folded", "unfolded"])


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Configuration files of a benchmark in which linear maps are scored, and nothing else is."""
    mine = tmp_path / "mine.yaml"
    run = {"methods": ["linear", "mlp"], "resolutions": {"alanine_dipeptide": [3], "chignolin": [6]}}
    mine.write_text(json.dumps({"results": str(tmp_path / "results"), "protocol": {"folds": 2}, "run": run}))
    given = [str(ROOT / "config/config.yaml"), str(ROOT / "config/simulations.yaml"), str(mine)]
    config = RunMatrix.load(*given)
    for dataset, states in (("alanine_dipeptide", ["", ""]), ("chignolin", ["folded", "unfolded"])):
        card = Path(config.results, "data", dataset, "card.json")
        card.parent.mkdir(parents=True)
        card.write_text(json.dumps({"trajectories": [{"state": state} for state in states]}))
    for cell in config.run_specs():
        if cell.method == "linear":
            trajectory = np.array([int(state == "unfolded") for state in STATES[cell.fold]])
            folder = config.run_folder(cell)
            folder.mkdir(parents=True)
            recon = np.array(RECON[cell.fold])
            np.savez(folder / "scores.npz", trajectory=trajectory, **{"rmsd_recon.heavy": recon})
    return given


def test_means_are_of_the_frames_of_a_state_in_all_folds(files: list[str]) -> None:
    table = scores_by_state(RunMatrix.load(*files))
    expected = {
        "dataset": ["chignolin", "chignolin"],
        "mapping": ["cgae", "cgae"],
        "n_beads": [6, 6],
        "method": ["linear", "linear"],
        "state": ["folded", "unfolded"],
        "rmsd_recon": [0.8, 2.5],
    }
    pd.testing.assert_frame_equal(table, pd.DataFrame(expected), check_dtype=False)


def test_diversity_is_computed_from_all_frames_of_a_state(files: list[str]) -> None:
    """Diversity is one minus the ratio of two sums."""
    config = RunMatrix.load(*files)
    spread = ([[1.0, 1.0], [0.0, 3.0], [5.0, 5.0]], [[3.0, 4.0], [0.0, 5.0]])
    for fold, rows in enumerate(spread):
        scores = next(Path(config.results).glob(f"runs/chignolin/*/linear/fold{fold}/scores.npz"))
        with np.load(scores) as stored:
            np.savez(scores, **stored, **{"diversity.heavy": np.array(rows)})
    assert scores_by_state(config)["diversity"].tolist() == pytest.approx([1 - 4 / 8, 1 - 5 / 10])


def test_the_verb_prints_or_writes_them(files: list[str], tmp_path: Path) -> None:
    arguments = ["states", *(part for file in files for part in ("--config", file))]
    printed = CliRunner().invoke(app, arguments).output
    assert "| chignolin | cgae" in printed
    assert CliRunner().invoke(app, [*arguments, "--csv", str(tmp_path / "states.csv")]).output == ""
    assert pd.read_csv(tmp_path / "states.csv")["rmsd_recon"].tolist() == pytest.approx([0.8, 2.5])


def test_without_states_it_says_so(files: list[str]) -> None:
    config = RunMatrix.load(*files)
    Path(config.results, "data/chignolin/card.json").unlink()
    assert scores_by_state(config).empty
    said = CliRunner().invoke(app, ["states", *(part for file in files for part in ("--config", file))])
    assert "no dataset with states of trajectories has a run with scores" in said.output


def test_scores_of_another_revision_are_refused(files: list[str]) -> None:
    config = RunMatrix.load(*files)
    scores = next(Path(config.results).glob("runs/chignolin/*/linear/fold0/scores.npz"))
    with np.load(scores) as stored:
        np.savez(scores, **stored, **{"diversity.heavy": np.full(3, 0.3)})
    with pytest.raises(InputError, match=r"scores of the present version of diversity.*delete it"):
        scores_by_state(config)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "other": lambda content: b"damaged",
    "empty": lambda content: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "flipped": lambda content: content[:60] + bytes(255 - byte for byte in content[60:100]) + content[100:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_scores_are_named(damage: str, files: list[str]) -> None:
    config = RunMatrix.load(*files)
    scores = next(Path(config.results).glob("runs/chignolin/*/linear/fold1/scores.npz"))
    scores.write_bytes(DAMAGES[damage](scores.read_bytes()))
    with pytest.raises(InputError, match=r"fold1/scores\.npz: not scores of this dataset .* delete it"):
        scores_by_state(config)
