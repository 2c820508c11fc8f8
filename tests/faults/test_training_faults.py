"""A training that is killed, and one whose disk is full, end like one that ran through."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from injection import SmallDisk, kill_when

from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.methods.base import load_model
from cgbench.pipeline.sample import sample
from cgbench.pipeline.train import train
from cgbench.results.samples_file import Samples

pytestmark = pytest.mark.slow
EPOCHS = 60
MLP = PlugIn.from_json(
    "methods", f'{{"use": "mlp", "settings": {{"epochs": {EPOCHS}, "patience": {EPOCHS}}}}}'
)


@pytest.fixture(scope="module")
def whole(task: tuple[Path, Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training that nothing happened to."""
    folder = tmp_path_factory.mktemp("whole")
    train(*task, MLP, folder, seed=2022)
    return folder


@pytest.fixture(scope="module")
def killed(task: tuple[Path, Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, killed after its first checkpoint or a little later."""
    folder = tmp_path_factory.mktemp("killed")
    options = zip(("--frames", "--split", "--mapping"), map(str, task), strict=True)
    kill_when(
        lambda: any(folder.glob("scratch/*/checkpoint.pt")),
        *("train", *(text for option in options for text in option), "--method", MLP.to_json()),
        *("--seed", "2022", "--fold", "0", "--output", str(folder)),
    )
    assert not (folder / "model.pt").exists()
    return folder


def assert_equal(folder: Path, other: Path) -> None:
    states = [load_model(path / "model.pt").state() for path in (folder, other)]
    assert states[0].keys() == states[1].keys()
    for name, value in states[0].items():
        torch.testing.assert_close(value, states[1][name], rtol=0, atol=0)
    losses = [
        [(row["epoch"], row["train_loss"], row["valid_loss"]) for row in csv.DictReader(file.open())]
        for file in (folder / "history.csv", other / "history.csv")
    ]
    assert len(losses[0]) == EPOCHS
    assert losses[0] == losses[1]


def test_killed_training_ends_like_an_uninterrupted_one(
    task: tuple[Path, Path, Path], killed: Path, whole: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(killed, tmp_path / "run")
    assert train(*task, MLP, folder, seed=2022)["resumed"]
    assert_equal(folder, whole)
    assert sorted(path.name for path in folder.iterdir()) == ["history.csv", "model.pt", "run.json"]


def test_full_disk_stops_a_training_that_goes_on_when_there_is_room(
    task: tuple[Path, Path, Path], killed: Path, whole: Path, small_disk: SmallDisk
) -> None:
    folder = shutil.copytree(killed, small_disk.folder / "run")
    (folder / "model.pt").write_text("of an earlier training")
    before = {path: path.read_bytes() for path in folder.glob("scratch/*/checkpoint*")}
    assert before
    small_disk.fill()
    with pytest.raises(InputError, match=r"checkpoint\.pt: not written, the disk is full \(.+\); free"):
        train(*task, MLP, folder, seed=2022)
    small_disk.make_room()
    assert {path: path.read_bytes() for path in folder.glob("scratch/*/checkpoint*")} == before
    assert (folder / "model.pt").read_text() == "of an earlier training"
    assert train(*task, MLP, folder, seed=2022)["resumed"]
    assert_equal(folder, whole)


def test_full_disk_leaves_older_samples_alone(
    task: tuple[Path, Path, Path], whole: Path, small_disk: SmallDisk, tmp_path: Path
) -> None:
    def draw(path: Path, n_samples: int) -> None:
        sample(whole / "model.pt", *task[:2], path, n_samples=n_samples, seed=2022)

    path = small_disk.folder / "samples.npz"
    draw(path, 1)
    before = path.read_bytes()
    small_disk.fill()
    with pytest.raises(InputError, match=r"samples\.npz: not written, the disk is full \(.+\); free"):
        draw(path, 2)
    small_disk.make_room()
    assert path.read_bytes() == before
    assert [file.name for file in small_disk.folder.iterdir()] == ["samples.npz"]
    draw(path, 2)
    draw(tmp_path / "elsewhere.npz", 2)
    np.testing.assert_array_equal(
        Samples.load(path).samples, Samples.load(tmp_path / "elsewhere.npz").samples
    )
