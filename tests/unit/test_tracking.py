"""Tracking, checked with the files of real offline runs of Weights & Biases."""

import getpass
import json
import os
import socket
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import torch
from tracked_runs import offline_runs, read_run

from cgbench.chem.frames import Frames
from cgbench.config.schema import Protocol, Tracking
from cgbench.core.registry import PlugIn
from cgbench.data.splits import make_split
from cgbench.figures.style import save
from cgbench.figures.walkers import walkers
from cgbench.mapping.base import Mapping
from cgbench.methods.base import TrainingContext
from cgbench.pipeline.sample import sample
from cgbench.pipeline.score import evaluate
from cgbench.pipeline.train import train
from cgbench.runtime.tracking import environment, track

MLP = PlugIn.from_json("methods", '{"use": "mlp", "settings": {"epochs": 3, "width": 1}}')
LABELS = {"dataset": "ala", "mapping_name": "residues"}
Task = tuple[Path, Path, Path]


@pytest.fixture
def task(alanine_frames: Frames, three_beads: Mapping, tmp_path: Path) -> Task:
    paths = tmp_path / "frames.npz", tmp_path / "split.json", tmp_path / "mapping.json"
    alanine_frames.save(paths[0])
    make_split(alanine_frames, Protocol(test_frames=10), 0, 2022).save(paths[1])
    three_beads.save(paths[2])
    return paths


@pytest.fixture(autouse=True)
def _untracked(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(variable)


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Track offline as the workflow would; what is kept is in the folder."""
    import wandb

    tracking = Tracking(mode="offline", group="all of it", tags=("one", "two"))
    for variable, value in environment(tracking, str(tmp_path / "kept"), "unused").items():
        monkeypatch.setenv(variable, value)
    yield tmp_path / "kept"
    wandb.teardown()  # with what it has read of the environment


def test_variables_say_what_the_config_says() -> None:
    assert environment(Tracking(), "results", "5f3a") == {
        "WANDB_MODE": "disabled",
        "WANDB_PROJECT": "cgbench",
        "WANDB_RUN_GROUP": "5f3a",
        "WANDB_DIR": "results",
    }
    chosen = environment(Tracking(group="mine", entity="team", tags=("a", "b c")), "results", "5f3a")
    assert chosen["WANDB_RUN_GROUP"] == "mine"
    assert (chosen["WANDB_ENTITY"], chosen["WANDB_TAGS"]) == ("team", "a,b c")


@pytest.mark.parametrize("mode", [None, "disabled"])
def test_off_means_that_nothing_is_imported_or_written(
    mode: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)  # so that importing it fails
    monkeypatch.setenv("WANDB_DIR", str(tmp_path / "kept"))
    if mode:
        monkeypatch.setenv("WANDB_MODE", mode)
    with warnings.catch_warnings(), track("train", {}, {}) as tracker:
        warnings.simplefilter("error")
        tracker.log_history([{"epoch": 1.0}])
        tracker.summarise({"value": 1.0})
        tracker.log_image("figure", tmp_path / "none.png")
    assert not (tmp_path / "kept").exists()


@pytest.mark.slow
def test_training_scores_and_figures_are_followed(task: Task, offline: Path, tmp_path: Path) -> None:
    run = train(*task, MLP, tmp_path, seed=7, fold=0, **LABELS)
    samples = tmp_path / "samples.npz"
    sample(tmp_path / "model.pt", task[0], task[1], samples, n_samples=1, seed=7)
    evaluate(tmp_path / "run.json", *task, samples, ["rmsd_recon"], tmp_path / "metrics.csv")
    save(walkers(Frames.load(task[0]), "ala"), tmp_path / "walkers.svg")

    folders = offline_runs(offline)
    training, scoring, _ = runs = [read_run(folder) for folder in folders]
    assert [entry["kind"] for entry in runs] == ["train", "score", "figure"]
    for entry in runs:
        assert (entry["project"], entry["group"]) == ("cgbench", "all of it")
        assert (entry["tags"], entry["exit_code"]) == (["one", "two"], 0)
    cell = {"dataset": "ala", "mapping": "residues", "n_beads": 3, "method": "mlp", "fold": 0}
    for entry in (training, scoring):
        assert entry["name"] == "ala/residues/3/mlp/0"
        assert cell.items() <= entry["config"].items()

    history = pd.read_csv(tmp_path / "history.csv")
    pd.testing.assert_frame_equal(
        pd.DataFrame(training["history"])[list(history)], history, check_dtype=False
    )
    assert training["config"]["settings"] == run["settings"]
    assert training["config"]["config_hash"] == run["config_hash"]
    assert training["summary"]["n_parameters"] == run["n_parameters"]

    table = pd.read_csv(tmp_path / "metrics.csv")
    scores = {f"test/{row.metric}/{row.atoms}": row.value for row in table.itertuples()}
    assert scores.items() <= scoring["summary"].items()

    (image,) = folders[2].glob("files/media/images/*.png")
    assert image.read_bytes() == (tmp_path / "walkers.png").read_bytes()


@pytest.mark.slow
def test_a_tracked_training_ends_with_the_same_weights(task: Task, tmp_path: Path, offline: Path) -> None:
    train(*task, MLP, tmp_path / "tracked", seed=7)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("WANDB_MODE", "disabled")
        train(*task, MLP, tmp_path / "untracked", seed=7)
    assert len(offline_runs(offline)) == 1
    states = [
        torch.load(tmp_path / name / "model.pt", weights_only=True)["state"]
        for name in ("tracked", "untracked")
    ]
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name


@pytest.mark.slow
def test_nothing_personal_is_kept_in_what_would_be_uploaded(
    task: Task, offline: Path, tmp_path: Path
) -> None:
    train(*task, MLP, tmp_path / "run", seed=7)
    (folder,) = offline_runs(offline)
    sent = [*folder.glob("*.wandb"), *(file for file in folder.rglob("files/*") if file.is_file())]
    assert sent
    private = {str(Path.home()), str(Path.cwd()), str(tmp_path)}
    private |= {name for name in (socket.gethostname(), getpass.getuser()) if len(name) > 4}
    for file in sent:
        for word in private:
            assert word.encode() not in file.read_bytes(), f"{file.name} has {word}"


@pytest.mark.slow
def test_a_resumed_training_is_a_new_run_with_the_whole_history(
    task: Task, offline: Path, tmp_path: Path
) -> None:
    record = TrainingContext.record

    def die_in_second_epoch(self: TrainingContext, row: dict[str, float]) -> None:
        record(self, row)
        if len(self.history) == 2:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(TrainingContext, "record", die_in_second_epoch)
        train(*task, MLP, tmp_path, seed=7, **LABELS)
    assert train(*task, MLP, tmp_path, seed=7, **LABELS)["resumed"]

    killed, resumed = map(read_run, offline_runs(offline))
    assert (killed["group"], killed["name"]) == (resumed["group"], resumed["name"])
    assert (killed["exit_code"], resumed["exit_code"]) == (1, 0)
    assert (killed["config"]["resumed"], resumed["config"]["resumed"]) == (False, True)
    assert [row["epoch"] for row in killed["history"]] == [1, 2]
    assert [row["epoch"] for row in resumed["history"]] == [1, 2, 3]


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["not installed", "no folder", "no such mode", "no server"])
def test_a_failing_tracker_is_a_warning(
    fault: str, task: Task, offline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault == "not installed":
        monkeypatch.setitem(sys.modules, "wandb", None)
    elif fault == "no folder":
        offline.write_text("a file where the folder should be")
    elif fault == "no such mode":
        monkeypatch.setenv("WANDB_MODE", "sideways")
    else:
        monkeypatch.setenv("WANDB_MODE", "online")
        monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
        monkeypatch.setenv("WANDB_INIT_TIMEOUT", "1")
    with pytest.warns(UserWarning, match="tracking failed and is off") as caught:
        train(*task, MLP, tmp_path / "run", seed=7)
    assert sum("tracking failed" in str(warning.message) for warning in caught) == 1
    assert len(pd.read_csv(tmp_path / "run" / "history.csv")) == 3
    assert json.loads((tmp_path / "run" / "run.json").read_text())["method"] == "mlp"
