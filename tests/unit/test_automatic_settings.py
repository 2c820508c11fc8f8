"""Settings ``auto``: what they become, where they are stored, and that numbers of the user win."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from typer.testing import CliRunner

from cgbench.chem.frames import Frames
from cgbench.cli.main import app
from cgbench.config.loader import Config
from cgbench.config.schema import Protocol
from cgbench.core import registry
from cgbench.core.code_dependencies import plugin_files
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.core.settings import AUTO, Settings
from cgbench.data.splits import make_split
from cgbench.mapping.base import Mapping
from cgbench.methods.base import load_model
from cgbench.nn.task_facts import TaskFacts
from cgbench.pipeline.automatic_settings import automatic_settings
from cgbench.pipeline.train import train

CONFIG = Path(__file__).parents[2] / "config"
DEFAULT = (CONFIG / "config.yaml", CONFIG / "simulations.yaml")
# Atoms, beads, training frames, and distances (Å) of the bundled tasks, in the fold with the largest ones.
ALANINE = [
    TaskFacts(22, 3, 8192, 4.2, 6.0),
    TaskFacts(22, 4, 8192, 4.2, 6.2),
    TaskFacts(22, 6, 8192, 2.8, 6.6),
]
CHIGNOLIN = [TaskFacts(175, 6, 4096, 9.9, 30.0), TaskFacts(175, 12, 4096, 7.0, 33.5)]
PROTEIN = TaskFacts(1200, 76, 1024, 4.1, 45.0)
CGVAE = ("batch_size", "epochs", "bead_cutoff", "vectors")
FLOW = ("batch_size", "epochs", "learning_rate", "bead_cutoff", "neighbours")


def resolved(method: str, facts: TaskFacts, **given: Any) -> dict[str, Any]:
    """Settings ``auto`` of a method, decided."""
    settings = registry.load("methods", method).Settings(**given)
    decided = settings.resolved(facts)
    assert type(decided) is type(settings)
    automatic = type(settings)().undecided()
    return {name: getattr(decided, name) for name in automatic}


@pytest.mark.parametrize(
    ("method", "facts", "expected"),
    [
        ("cgvae", ALANINE, dict(zip(CGVAE, (64, 8, 9.5, 16), strict=True))),
        ("cgvae", CHIGNOLIN, dict(zip(CGVAE, (32, 5, 20.0, 32), strict=True))),
        ("cgvae_e3nn", ALANINE, dict(zip(CGVAE, (64, 8, 9.5, 16), strict=True))),
        ("cgvae_e3nn", CHIGNOLIN, dict(zip(CGVAE, (32, 5, 20.0, 32), strict=True))),
        ("mlp", ALANINE, {"epochs": 40}),
        ("mlp", CHIGNOLIN, {"epochs": 20}),
        ("local_flow", ALANINE, dict(zip(FLOW, (64, 24, 0.002, 20.0, 31), strict=True))),
        ("local_flow", CHIGNOLIN[:1], dict(zip(FLOW, (64, 64, 0.003, 15.0, 5), strict=True))),
        ("local_flow", CHIGNOLIN[1:], dict(zip(FLOW, (64, 64, 0.003, 12.0, 5), strict=True))),
        ("equivariant_mlp", [*ALANINE, *CHIGNOLIN], {}),
        ("cgvae_published", [*ALANINE, *CHIGNOLIN], {}),
        ("cgvae", [PROTEIN], dict(zip(CGVAE, (16, 9, 20.0, 32), strict=True))),
        ("local_flow", [PROTEIN], dict(zip(FLOW, (32, 169, 0.003, 12.0, 5), strict=True))),
        ("mlp", [PROTEIN], {"epochs": 40}),
    ],
)
def test_values_at_the_bundled_molecules_and_at_a_protein(
    method: str, facts: Sequence[TaskFacts], expected: dict[str, float]
) -> None:
    """Results of the bundled molecules depend on these values."""
    for each in facts:
        assert resolved(method, each) == expected


@pytest.mark.slow
def test_the_default_benchmark_has_these_values_in_every_fold() -> None:
    """Values that differ between folds would be listed with "or"."""
    found = dict(line.split(": ") for line in automatic_settings(Config.load(*DEFAULT)))
    cgvae = {
        "alanine_dipeptide": "batch_size 64, epochs 8, bead_cutoff 9.5, vectors 16",
        "chignolin": "batch_size 32, epochs 5, bead_cutoff 20.0, vectors 32",
    }
    mlp = {"alanine_dipeptide": "epochs 40", "chignolin": "epochs 20"}
    assert found == {
        f"{dataset}, cgae, {n_beads} beads, {name}": values[dataset]
        for dataset, resolutions in (("alanine_dipeptide", (3, 4, 6)), ("chignolin", (6, 12)))
        for n_beads in resolutions
        for name, values in (("mlp", mlp), ("cgvae", cgvae), ("cgvae_refined", cgvae))
    }


@pytest.mark.parametrize("facts", [ALANINE[0], CHIGNOLIN[0], PROTEIN], ids=lambda facts: facts.n_atoms)
def test_numbers_of_the_user_win(facts: TaskFacts) -> None:
    given = {"batch_size": 7, "epochs": 3, "bead_cutoff": 12.25, "vectors": 40}
    assert resolved("cgvae", facts, **given) == given
    assert resolved("cgvae", facts, epochs=3) == resolved("cgvae", facts) | {"epochs": 3}
    assert resolved("cgvae", facts, epochs="auto") == resolved("cgvae", facts)


def test_epochs_follow_from_the_batch_size_where_steps_decide() -> None:
    assert resolved("local_flow", ALANINE[0], batch_size=128)["epochs"] == 48
    assert resolved("cgvae", PROTEIN, batch_size=64)["epochs"] == 38  # 600 steps of 64 frames


def test_vectors_are_a_multiple_of_the_heads() -> None:
    assert resolved("cgvae", ALANINE[0], heads=12, features=60)["vectors"] == 24


@pytest.mark.parametrize(
    "facts",
    [
        TaskFacts(1, 1, 1, 0.0, 0.0),
        TaskFacts(2, 2, 1, 1.0, 1.0),
        TaskFacts(22, 22, 2, 1.5, 9.0),
        TaskFacts(22, 1, 64, 0.0, 0.0),
        TaskFacts(1200, 10, 16, 26.0, 90.0),
        TaskFacts(10_000, 600, 2**20, 5.0, 150.0),
        TaskFacts(500_000, 30_000, 128, 5.0, 400.0),
    ],
)
@pytest.mark.parametrize("method", ["cgvae", "cgvae_e3nn", "local_flow", "mlp"])
def test_any_size_gives_settings_that_train(method: str, facts: TaskFacts) -> None:
    values = resolved(method, facts)
    assert 5 <= values["epochs"] <= 400
    assert 1 <= values.get("batch_size", 64) <= 64
    assert 0.001 <= values.get("learning_rate", 0.005) <= 0.005
    assert values.get("vectors", 16) in (16, 32)
    if method != "mlp":
        assert max(9.5, 1.5 * facts.spacing) <= values["bead_cutoff"] <= 60


def test_facts_are_measured_on_the_beads_of_training_frames() -> None:
    """Beads on a line at 0, 2 and 7 Å, and moved apart in one frame."""
    mapping = Mapping.centres(np.array([0, 0, 1, 2]))
    positions = np.zeros((3000, 4, 3), dtype=np.float32)
    positions[:, :, 0] = [-1.0, 1.0, 2.0, 7.0]
    positions[0, 3, 0] = 9.0
    facts = TaskFacts.of(mapping, positions)
    assert facts == TaskFacts(n_atoms=4, n_beads=3, n_frames=4096, spacing=7.0, extent=9.0)
    assert facts.cutoff() == 14.0
    one = TaskFacts.of(Mapping.centres(np.zeros(4, dtype=np.int64)), positions[:1])
    assert (one.n_frames, one.spacing, one.extent, one.cutoff()) == (1, 0.0, 0.0, 9.5)


def test_folds_of_nearly_equal_size_have_equal_settings(alanine_frames: Frames, three_beads: Mapping) -> None:
    first, second = (TaskFacts.of(three_beads, alanine_frames.positions[:n]) for n in (112, 128))
    assert first.n_frames == second.n_frames == 128


def test_models_are_not_made_of_undecided_settings(alanine_frames: Frames, three_beads: Mapping) -> None:
    for name, said in (("cgvae", "batch_size, epochs, bead_cutoff, vectors"), ("mlp", "epochs")):
        with pytest.raises(InputError, match=rf"{name}: {said} is auto; .*settings\.resolved"):
            PlugIn.parse("methods", name, name, {}, "test").create(three_beads, alanine_frames.molecule)


@pytest.mark.parametrize("value", [0, -1, "automatic", None, 2.5, [8]])
def test_other_words_and_numbers_out_of_range_are_refused(value: object) -> None:
    with pytest.raises(InputError, match=r"config: methods\.cgvae: key 'vectors' has value .*"):
        PlugIn.parse("methods", "cgvae", "cgvae", {"vectors": value}, "config: methods.cgvae")


def test_settings_survive_the_command_line() -> None:
    plug_in = PlugIn.parse("methods", "mine", "cgvae", {"epochs": 3}, "test")
    assert json.loads(plug_in.to_json())["settings"]["vectors"] == AUTO
    assert PlugIn.from_json("methods", plug_in.to_json()) == plug_in


def test_a_finished_method_has_those_of_its_method() -> None:
    settings: Settings = registry.load("methods", "refined").Settings(of="local_flow", settings={"epochs": 3})
    assert list(settings.undecided()) == ["batch_size", "learning_rate", "bead_cutoff", "neighbours"]
    inner = settings.resolved(CHIGNOLIN[0]).model_dump()["settings"]
    assert (inner["epochs"], inner["learning_rate"], inner["bead_cutoff"]) == (3, 0.003, 15.0)


@pytest.mark.parametrize("name", ["cgvae", "cgvae_e3nn", "local_flow", "mlp", "equivariant_mlp"])
def test_an_edit_of_the_rules_repeats_the_training(name: str) -> None:
    files = {path.stem for path in plugin_files("methods", name)}
    assert {"task_facts", name} <= files


@pytest.mark.parametrize("use", ["cgvae", "refined"])
def test_run_and_model_have_the_numbers(
    use: str, alanine_frames: Frames, three_beads: Mapping, tmp_path: Path
) -> None:
    frames, folds, mapping = (tmp_path / name for name in ("frames.npz", "split.json", "mapping.json"))
    alanine_frames.save(frames)
    split = make_split(alanine_frames, Protocol(), 0, 1)
    split.save(folds)
    three_beads.save(mapping)
    small = {"epochs": 1, "features": 16}
    spec = {"use": use, "settings": small if use == "cgvae" else {"of": "cgvae", "settings": small}}
    run = train(frames, folds, mapping, PlugIn.from_json("methods", json.dumps(spec)), tmp_path, seed=1)
    stored = run["settings"] if use == "cgvae" else run["settings"]["settings"]
    facts = TaskFacts.of(three_beads, alanine_frames.positions[split.train])
    assert {name: stored[name] for name in CGVAE} == resolved("cgvae", facts, epochs=1)
    assert json.loads((tmp_path / "run.json").read_text())["settings"] == run["settings"]
    content = torch.load(tmp_path / "model.pt", weights_only=True)
    assert json.loads(content["settings"]) == run["settings"]
    assert load_model(tmp_path / "model.pt").settings.undecided() == {}


def test_check_config_prints_them(alanine_frames: Frames, tmp_path: Path) -> None:
    """Where frames are prepared; beads that have to be learned, and other frames, are not known yet."""
    values = yaml.safe_load((CONFIG / "config.yaml").read_text())
    values["results"] = str(tmp_path)
    values["datasets"]["other"] = {"source": "files", "topology": "a.pdb", "trajectories": "a.xtc"}
    values["methods"]["mine"] = {"use": "refined", "of": "cgvae", "settings": {"epochs": 3}}
    values["run"] = {
        "datasets": ["alanine_dipeptide", "other"],
        "mappings": ["backbone", "cgae_learned"],
        "methods": ["linear", "mine", "mlp"],
        "resolutions": {"alanine_dipeptide": [3], "other": {"backbone": [6]}},
    }
    alanine_frames.save(tmp_path / "data/alanine_dipeptide/frames.npz")
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(values))
    done = CliRunner().invoke(app, ["check-config", str(tmp_path / "mine.yaml")])
    assert done.exit_code == 0, done.output
    summary, *lines = done.output.splitlines()
    assert summary.startswith("ok: 27 runs: 3 methods")
    assert lines == [
        "alanine_dipeptide, backbone, 3 beads, mine: batch_size 16, bead_cutoff 9.5, vectors 16",
        "alanine_dipeptide, backbone, 3 beads, mlp: epochs 40",
        "alanine_dipeptide, cgae_learned, 3 beads, mine: decided when the beads are known",
        "alanine_dipeptide, cgae_learned, 3 beads, mlp: decided when the beads are known",
        "other, backbone, 6 beads, mine: decided when the frames are known",
        "other, backbone, 6 beads, mlp: decided when the frames are known",
    ]
