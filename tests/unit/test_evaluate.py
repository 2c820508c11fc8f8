"""The command that scores predictions: what it prints, alone and beside runs, and what it refuses."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from test_task_export import CONFIG
from typer.testing import CliRunner

from cgbench.cli.main import app
from cgbench.core.errors import InputError
from cgbench.pipeline.evaluate import evaluate
from cgbench.pipeline.task import Task
from prediction_helpers import CARD, write

NAME = "alanine-backbone-3"
FOLDS = (0, 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a configuration and a card, for predictions."""
    folder = tmp_path_factory.mktemp("evaluate")
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG | {"results": str(folder / "results")}))
    (folder / "card.yaml").write_text(yaml.safe_dump(CARD.model_dump()))
    return folder


@pytest.fixture(scope="module")
def task(folder: Path) -> Task:
    task = Task.named(NAME, [folder / "config.yaml"])
    rng = np.random.default_rng(1)
    for name, scale in (("p", 0.1), ("worse", 0.5)):
        for fold in FOLDS:
            truth = task.frames.positions[task.split(fold).test]
            noise = rng.normal(scale=scale, size=(len(truth), 4, 22, 3))
            write(folder / f"{name}{fold}.npz", (truth[:, None] + noise).astype(np.float32))
    return task


def printed(folder: Path, *arguments: str) -> str:
    done = CliRunner().invoke(
        app, ["evaluate", *arguments, "--task", NAME, "--config", str(folder / "config.yaml")]
    )
    assert done.exit_code == 0, done.output
    return done.output


def test_a_row_with_intervals_is_printed(task: Task, folder: Path) -> None:
    options = ["--fold", "0", "--fold", "1", "--card", str(folder / "card.yaml"), "--name", "mine"]
    text = printed(folder, str(folder / "p{fold}.npz"), *options, "--output", str(folder / "kept"))
    assert "fold 1: 30 frames, 4 samples of each" in text
    assert "fold 1: beads are 0." in text
    assert f"no finished runs of these folds in {folder / 'results'} to compare with" in text
    rows = [line for line in text.splitlines() if "| mine " in line]
    assert len(rows) == 5 and all(" ± " in row for row in rows)
    titles = [line.removeprefix("### ") for line in text.splitlines() if line.startswith("###")]
    assert titles == ["Energy score", "All atoms", "Heavy atoms", "Backbone", "Side chains"]
    (note,) = [line for line in text.splitlines() if "left out" in line]  # once for all folds
    assert note.startswith("energy_score_symmetric (sidechain atoms): left out, because these atoms alone ")
    assert note.endswith("(ALA2 CB) have no bonds")
    assert (folder / "kept/fold1/scores.npz").exists()


def test_finished_runs_are_beside_it(task: Task, folder: Path) -> None:
    of_method = folder / "results/runs/alanine/backbone-3/linear"
    evaluate(task, str(folder / "worse{fold}.npz"), FOLDS, of_method, name="linear", card=CARD)
    text = printed(folder, str(folder / "p{fold}.npz"), "--fold", "0", "--fold", "1", "--name", "mine")
    scores = text.split("\n\n")[2].splitlines()
    assert ["mine" in line for line in scores[2:]] == [True, False], "ordered by the energy score"
    assert "**" in scores[2] and "linear" in scores[3] and "**" not in scores[3]
    assert "no finished runs" not in text


def test_other_test_frames_are_not_beside_it(task: Task, folder: Path) -> None:
    of_method = folder / "results/runs/alanine/backbone-3/linear"
    evaluate(task, str(folder / "worse{fold}.npz"), [1], of_method, name="linear", card=CARD)
    shutil.rmtree(of_method / "fold0", ignore_errors=True)
    (of_method / "fold1").rename(of_method / "fold0")
    text = printed(folder, str(folder / "p0.npz"), "--name", "mine")
    assert "no finished runs" in text


def test_names_and_places_are_checked(task: Task, folder: Path) -> None:
    config = ["--task", NAME, "--config", str(folder / "config.yaml")]
    for arguments, message in (
        ([str(folder / "p0.npz"), "--name", "linear"], "--name linear: a method of the benchmark has this"),
        ([str(folder / "p0.npz"), "--fold", "0", "--fold", "1"], "write {fold} where the number belongs"),
        ([str(folder / "absent.npz")], "absent.npz: no such file of predictions"),
    ):
        done = CliRunner().invoke(app, ["evaluate", *arguments, *config])
        assert isinstance(done.exception, InputError) and message in str(done.exception)
