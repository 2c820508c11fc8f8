"""The training stage: what a method gets to see, and what a run says about itself."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cgbench.chem.frames import Frames
from cgbench.config.schema import Protocol
from cgbench.core import code_dependencies as sources
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.core.seeds import derive
from cgbench.data.splits import Split, make_split
from cgbench.mapping.base import Mapping
from cgbench.methods import mlp
from cgbench.methods.base import Positions, TrainingContext, load_model
from cgbench.methods.linear import Method
from cgbench.pipeline.train import train

LINEAR = PlugIn.from_json("methods", '{"use": "linear"}')
MLP = PlugIn.from_json("methods", '{"use": "mlp", "settings": {"epochs": 1}}')
REFINED_MLP = PlugIn.from_json(
    "methods", '{"use": "refined", "settings": {"of": "mlp", "settings": {"epochs": 1}}}'
)
Fit = Callable[[Method, Positions, Positions, TrainingContext], None]


@pytest.fixture
def task(alanine_frames: Frames, three_beads: Mapping, tmp_path: Path) -> tuple[Path, Path, Path]:
    paths = tmp_path / "frames.npz", tmp_path / "split.json", tmp_path / "mapping.json"
    alanine_frames.save(paths[0])
    make_split(alanine_frames, Protocol(), 0, 2022).save(paths[1])
    three_beads.save(paths[2])
    return paths


def test_method_never_sees_test_frames(
    task: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Positions] = []
    fit: Fit = Method.fit

    def spy(self: Method, frames: Positions, valid: Positions, context: TrainingContext) -> None:
        seen.extend((frames, valid))
        fit(self, frames, valid, context)

    monkeypatch.setattr(Method, "fit", spy)
    train(*task, LINEAR, tmp_path, seed=1)
    test = Frames.load(task[0]).positions[Split.load(task[1]).test]
    for array in seen:
        distances = np.abs(array[:, None] - test[None]).max(axis=(2, 3))
        assert distances.min() > 0


def test_run_says_what_made_it(task: tuple[Path, Path, Path], tmp_path: Path) -> None:
    train(*task, LINEAR, tmp_path / "run", seed=7, fold=0, dataset="ala", mapping_name="residues")
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert {key: run[key] for key in ("dataset", "mapping", "n_beads", "method", "fold", "seed")} == {
        "dataset": "ala",
        "mapping": "residues",
        "n_beads": 3,
        "method": "linear",
        "fold": 0,
        "seed": 7,
    }
    split = Split.load(task[1])
    assert (run["n_train"], run["n_valid"]) == (len(split.train), len(split.valid))
    assert run["wall_seconds"] > 0
    assert run["peak_mib"] > 10
    assert (run["device"], run["hardware"]["name"], run["peak_gpu_mib"]) == ("cpu", "cpu", None)
    assert {"versions", "git", "config_hash", "settings", "threads", "date"} <= run.keys()


def test_killed_training_is_found_again_by_the_same_training_alone(
    task: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(self: Method, frames: Positions, valid: Positions, context: TrainingContext) -> None:
        assert context.scratch is not None
        (context.scratch / "checkpoint").touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Method, "fit", die)
        train(*task, LINEAR, tmp_path, seed=1)
    assert not train(*task, LINEAR, tmp_path / "other", seed=2)["resumed"]
    assert list(tmp_path.glob("scratch/*/checkpoint"))
    assert train(*task, LINEAR, tmp_path, seed=1)["resumed"]
    assert not (tmp_path / "scratch").exists()


def test_checkpoints_belong_to_the_sources_of_all_that_a_method_is_made_of(
    task: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = sources.plugin_files

    def spy(kind: str, *names: str) -> tuple[Path, ...]:
        asked.extend(names)
        return real(kind, *names)

    monkeypatch.setattr("cgbench.pipeline.train.plugin_files", spy)
    method = PlugIn.from_json("methods", '{"use": "refined", "settings": {"of": "linear"}}')
    train(*task, method, tmp_path / "run", seed=1)
    assert asked == ["refined", "linear"]


def test_all_methods_of_a_fold_start_from_the_same_seed(
    task: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds: list[int] = []
    monkeypatch.setattr(Method, "state", lambda self: {})
    monkeypatch.setattr(Method, "fit", lambda self, a, b, context: seeds.append(context.seed))
    for name in ("linear", "another"):
        train(*task, PlugIn("methods", name, "linear", LINEAR.settings), tmp_path, seed=3, fold=1)
    assert seeds == [derive(3, "train", 1)] * 2


def test_a_trained_method_gives_the_same_as_training_it_again(
    task: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    trained = train(*task, MLP, tmp_path / "mlp", seed=1)
    train(*task, REFINED_MLP, tmp_path / "anew", seed=1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(mlp.Method, "fit", lambda *_: pytest.fail("trained again"))
        model = tmp_path / "mlp" / "model.pt"
        run = train(*task, REFINED_MLP, tmp_path / "used", seed=1, trained_path=model)
    assert run["wall_seconds"] > trained["wall_seconds"], "the cost of both"
    beads = Mapping.load(task[2]).beads(Frames.load(task[0]).positions[:4])
    anew, used = (load_model(tmp_path / name / "model.pt").sample(beads, 1, 0) for name in ("anew", "used"))
    np.testing.assert_array_equal(used, anew)


@pytest.mark.parametrize(("method", "seed"), [("mlp", 2), ("linear", 1)])
def test_another_trained_method_is_refused(
    task: tuple[Path, Path, Path], tmp_path: Path, method: str, seed: int
) -> None:
    other = MLP if method == "mlp" else LINEAR
    train(*task, other, tmp_path / "other", seed=seed)
    with pytest.raises(InputError, match=f"run.json: {method} is not mlp with the settings, data, seed"):
        train(*task, REFINED_MLP, tmp_path, seed=1, trained_path=tmp_path / "other" / "model.pt")


def test_a_method_that_builds_on_no_other_takes_no_trained_one(
    task: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    train(*task, LINEAR, tmp_path / "linear", seed=1)
    with pytest.raises(InputError, match="mlp builds on no other method"):
        train(*task, MLP, tmp_path, seed=1, trained_path=tmp_path / "linear" / "model.pt")


def test_part_without_frames_is_refused(task: tuple[Path, Path, Path], tmp_path: Path) -> None:
    content = json.loads(task[1].read_text())
    task[1].write_text(json.dumps(content | {"valid": []}))
    with pytest.raises(InputError, match=r"split\.json: \d+ training and 0 validation frames"):
        train(*task, LINEAR, tmp_path, seed=1)


def test_mapping_of_another_molecule_is_named(task: tuple[Path, Path, Path], tmp_path: Path) -> None:
    Mapping.centres(np.array([0, 0, 1])).save(task[2])
    with pytest.raises(
        InputError, match=r"mapping\.json: maps 3 atoms, but the molecule in .*frames\.npz has 22; give the"
    ):
        train(*task, LINEAR, tmp_path, seed=1)


@pytest.mark.parametrize("device", ["cuda", "tpu"])
def test_device_that_is_not_there_is_refused(
    task: tuple[Path, Path, Path], tmp_path: Path, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(InputError, match=device):
        train(*task, MLP, tmp_path / "run", seed=1, device=device)
    assert not (tmp_path / "run").exists()


def test_method_without_a_network_stays_on_the_cpu(
    task: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a job to which a scheduler gave no GPU runs, whatever the others compute on."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert train(*task, LINEAR, tmp_path / "run", seed=1, device="cuda")["device"] == "cpu"
    with pytest.raises(InputError, match="tpu"):
        train(*task, LINEAR, tmp_path / "other", seed=1, device="tpu")


@pytest.mark.slow
def test_a_job_is_deterministic_without_waiting_for_the_compiler() -> None:
    code = (
        "import sys, torch; from cgbench.runtime import device; device.set_up(1, 1); "
        "print(torch.are_deterministic_algorithms_enabled(), "
        "torch.is_deterministic_algorithms_warn_only_enabled(), torch.get_num_threads(), "
        "'torch._inductor' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "1", "False"]
