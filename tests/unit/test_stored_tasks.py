"""The stored tasks are those that the code makes, and what does not belong to them is refused."""

import json
import runpy
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from cgbench.chem.frames import Frames
from cgbench.cli.main import app
from cgbench.config.loader import Config
from cgbench.config.schema import Protocol
from cgbench.core.atomic_io import read_json
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.data.sources.bundled import BundledSettings, Source
from cgbench.data.splits import PARTS, make_split
from cgbench.data.stored_folds import StoredFolds
from cgbench.mapping._partition import count_groups
from cgbench.mapping.stored import Generator, StoredMapping, StoredSettings
from cgbench.pipeline.task_store import make_tasks
from cgbench.results.tables import read_run

ROOT = Path(__file__).parents[2]
RESOURCES = ROOT / "workflow/resources"
TASKS = RESOURCES / "tasks"
DEFAULT = (ROOT / "config/config.yaml", ROOT / "config/simulations.yaml")
FULL = Config.load(*DEFAULT, ROOT / "config/full.yaml")
DATASETS = ("alanine_dipeptide", "chignolin")


@cache
def read(dataset: str) -> Frames:
    frames, _ = Source(BundledSettings(directory=str(RESOURCES / dataset))).read()
    return frames


def stored(path: Path | str) -> Generator:
    return Generator(StoredSettings(path=str(path)))


@pytest.fixture(scope="module", params=DATASETS)
def dataset(request: pytest.FixtureRequest) -> tuple[str, Frames]:
    return request.param, read(request.param)


def test_stored_folds_are_those_of_the_default_protocol(dataset: tuple[str, Frames]) -> None:
    name, frames = dataset
    folds = StoredFolds.load(TASKS / name / "folds.json")
    assert folds == StoredFolds.make(frames, FULL.protocol, FULL.seed, folds.version)
    for fold in range(FULL.protocol.folds):
        split = make_split(frames, FULL.protocol, fold, FULL.seed)
        for part in PARTS:
            np.testing.assert_array_equal(folds.folds[fold].frames(part), getattr(split, part))


def test_every_published_resolution_is_stored(dataset: tuple[str, Frames]) -> None:
    name, frames = dataset
    folds = StoredFolds.load(TASKS / name / "folds.json")
    split = make_split(frames, FULL.protocol, 1, FULL.seed)
    resolutions = FULL.run.n_beads(name, "cgae")
    assert len(list((TASKS / name).glob("*.json"))) == 1 + len(resolutions) > 4
    for n_beads in resolutions:
        plug_in = FULL.mapping("cgae", name, n_beads)
        assert str(TASKS / name) == str((ROOT / plug_in.settings.path).parent)  # type: ignore[attr-defined]
        path = TASKS / name / f"cgae-{n_beads}.json"
        content = StoredMapping.load(path)
        assert content.version == folds.version
        assert stored(path).task(frames, split) == f"{name}-cgae-{n_beads} v{content.version}"
        mapping = stored(path).generate(frames.molecule, n_beads, 0)
        assert content.learned.groups == count_groups(mapping.bead_index[None], frames.molecule.bonds)[0]


def test_mappings_are_learned_from_walkers_that_are_in_no_fold(dataset: tuple[str, Frames]) -> None:
    name, _ = dataset
    tuning = read(f"{name}_tuning")
    for path in TASKS.glob(f"{name}/cgae-*.json"):
        learned = StoredMapping.load(path).learned
        assert (learned.dataset, learned.frames_sha256) == (f"{name}_tuning", tuning.checksum)


def test_what_is_learned_is_what_is_stored(tmp_path: Path) -> None:
    """Four beads, all connected: found by a search without random numbers."""
    make_tasks(
        "alanine_dipeptide",
        read("alanine_dipeptide"),
        FULL.mappings["cgae_learned"],
        [4],
        tmp_path / "tasks",
        protocol=FULL.protocol,
        seed=FULL.seed,
        version=4,
        tuning=("alanine_dipeptide_tuning", read("alanine_dipeptide_tuning")),
    )
    for name in ("folds.json", "cgae-4.json"):
        assert read_json(tmp_path / "tasks" / name) == read_json(TASKS / "alanine_dipeptide" / name)


def test_methods_without_randomness_score_the_same_on_every_machine() -> None:
    """Written by ``python benchmarks/deterministic_scores.py > tests/unit/deterministic_scores.csv``."""
    benchmark = runpy.run_path(str(ROOT / "benchmarks/deterministic_scores.py"))
    expected = pd.read_csv(ROOT / "tests/unit/deterministic_scores.csv")
    assert len(expected) == (7 + 4) * len(benchmark["METHODS"]) * 2
    pd.testing.assert_frame_equal(benchmark["table"](), expected, rtol=0, atol=1e-6)


# The rest is about any stored task: a small one of every 250th frame.
@pytest.fixture(scope="module")
def small(alanine_frames: Frames, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stored") / "tasks"
    make_tasks(
        "small",
        alanine_frames,
        PlugIn.parse("mapping", "backbone", "backbone", {}, "test"),
        [3, 6],
        folder,
        protocol=Protocol(folds=2),
        seed=1,
        version=4,
    )
    return folder


def test_a_task_has_a_name_and_a_version(small: Path, alanine_frames: Frames) -> None:
    split = make_split(alanine_frames, Protocol(folds=2, n_samples=3), 1, seed=1)
    assert stored(small / "backbone-6.json").task(alanine_frames, split) == "small-backbone-6 v4"
    assert stored(small / "backbone-6.json").input_files() == [
        str(small / "backbone-6.json"),
        str(small / "folds.json"),
    ]


def test_the_run_of_a_task_names_it(
    small: Path, alanine_frames: Frames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    alanine_frames.save("frames.npz")
    make_split(alanine_frames, Protocol(folds=2), 0, seed=1).save("split.json")
    mapping = json.dumps({"use": "stored", "settings": {"path": str(small / "backbone-3.json")}})
    data = ["--frames", "frames.npz", "--split", "split.json", "--seed", "1"]
    for arguments in (
        ["map", *data, "--mapping", mapping, "--n-beads", "3", "--output", "map.json"],
        [
            "train",
            *data,
            "--mapping",
            "map.json",
            "--method",
            '{"use": "linear"}',
            "--fold",
            "0",
            "--output",
            ".",
        ],
    ):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
    assert read_run("run.json")["task"] == "small-backbone-3 v4"


def test_without_further_frames_the_training_frames_of_fold_0_are_learned_from(
    small: Path, alanine_frames: Frames
) -> None:
    split = make_split(alanine_frames, Protocol(folds=2), 0, seed=1)
    learned = StoredMapping.load(small / "backbone-3.json").learned
    assert (learned.dataset, learned.n_frames) == ("small", len(split.train))
    assert list(learned.trajectories) == split.trajectories["train"]


def test_with_another_protocol_a_run_belongs_to_no_task(small: Path, alanine_frames: Frames) -> None:
    for protocol in (Protocol(), Protocol(folds=2, test_frames=7), Protocol(folds=2, split="published")):
        split = make_split(alanine_frames, protocol, 0, seed=1)
        assert stored(small / "backbone-3.json").task(alanine_frames, split) is None


def test_other_frames_in_a_fold_are_refused(small: Path, alanine_frames: Frames) -> None:
    split = make_split(alanine_frames, Protocol(folds=2), 0, seed=1)
    moved = replace(split, test=split.test[1:])
    with pytest.raises(InputError, match=r"folds\.json: test of fold 0 has other frames than .*; restore"):
        stored(small / "backbone-3.json").task(alanine_frames, moved)


def test_other_frames_of_the_molecule_are_refused(small: Path, alanine_frames: Frames) -> None:
    shifted = replace(alanine_frames, positions=alanine_frames.positions + np.float32(0.02))
    split = make_split(shifted, Protocol(folds=2), 0, seed=1)
    for generator in (
        stored(small / "backbone-3.json"),
        PlugIn.parse(
            "mapping",
            "wrong",
            "shuffled",
            {"of": "stored", "settings": {"path": str(small / "backbone-3.json")}},
            "test",
        ).create(),
    ):
        with pytest.raises(InputError, match=r"backbone-3\.json: stored for frames with SHA-256 \w+, but"):
            generator.task(shifted, split)


def test_the_checksum_ignores_digits_beyond_those_of_the_files(alanine_frames: Frames) -> None:
    rounded = replace(alanine_frames, positions=np.nextafter(alanine_frames.positions, np.float32(np.inf)))
    later = replace(alanine_frames, time=alanine_frames.time + 0.1)
    assert rounded.checksum == alanine_frames.checksum != later.checksum


def test_another_molecule_and_other_resolutions_are_refused(small: Path, alanine_frames: Frames) -> None:
    with pytest.raises(InputError, match=r"maps 22 atoms, but the molecule has 175; use the mapping of this"):
        stored(small / "backbone-3.json").generate(read("chignolin").molecule, 3, 0)
    with pytest.raises(InputError, match=r"has 6 beads, but the resolution is 3; .* resolution is 6"):
        stored(small / "backbone-6.json").generate(alanine_frames.molecule, 3, 0)


def test_a_dataset_without_a_stored_mapping_is_told_what_to_use() -> None:
    with pytest.raises(InputError, match=r"tasks/mine/cgae-6\.json: no such stored mapping; .*cgae_learned"):
        FULL.mapping("cgae", "mine", 6).create().input_files()


def test_the_stored_resolutions_are_named() -> None:
    with pytest.raises(InputError, match=r"cgae-7\.json: .*\(cgae-6, cgae-8, cgae-10, cgae-12\)"):
        FULL.mapping("cgae", "chignolin", 7).create().input_files()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"bead_index": [0] * 22, "weights": [0.5] * 22},
            r"weights of bead 0 sum to 11.0, not to 1; restore",
        ),
        ({"bead_index": [0, 2] * 11}, r"bead 1 of 3 is empty; restore"),
        ({"weights": ["x"] * 22}, r"'weights.0' has value 'x'"),
        ({"task": None}, r"key 'task' has value None"),
        ({"beads": 3}, r"unknown key 'beads'"),
    ],
)
def test_damaged_files_are_refused(
    small: Path, alanine_frames: Frames, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    folder = Path(shutil.copytree(small, tmp_path / "damaged"))
    path = folder / "backbone-3.json"
    path.write_text(json.dumps(read_json(path) | change))
    with pytest.raises(InputError, match=rf"backbone-3\.json: .*{message}"):
        stored(path).generate(alanine_frames.molecule, 3, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"folds": []}, r"0 folds, but settings.folds is 2"),
        ({"folds": [{"train": "0 1", "valid": "x", "test": "3"}] * 2}, r"'folds.0.valid' has value 'x'"),
        ({"settings": 3}, r"'settings' has value 3"),
    ],
)
def test_damaged_folds_are_refused(
    small: Path, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    path = tmp_path / "folds.json"
    path.write_text(json.dumps(read_json(small / "folds.json") | change))
    with pytest.raises(InputError, match=rf"folds\.json: .*{message}"):
        StoredFolds.load(path)


def test_names_in_settings_of_mappings_are_replaced() -> None:
    values = {"use": "file", "path": "beads/{dataset}-{n_beads}.yaml"}
    config = Config.load(*DEFAULT)
    changed = replace(
        config, mappings={"mine": PlugIn.parse("mapping", "mine", "file", {"path": values["path"]}, "test")}
    )
    assert changed.mapping("mine", "chignolin", 8).create().input_files() == ["beads/chignolin-8.yaml"]


def test_the_table_of_stored_beads_agrees_with_the_files() -> None:
    page = (ROOT / "docs/mappings.md").read_text(encoding="utf-8")
    for name in DATASETS:
        files = sorted((TASKS / name).glob("cgae-*.json"), key=lambda path: int(path.stem.split("-")[1]))
        learned = [StoredMapping.load(path).learned for path in files]
        for row, cells in (
            ("linear RMSD (Å)", [f"{each.linear_rmsd:.3f}" for each in learned]),
            ("groups", [str(each.groups) for each in learned]),
        ):
            begin, end = f"| {name.replace('_', ' ')}, {row} |", f"| {' | '.join(cells)} |"
            assert any(line.startswith(begin) and line.endswith(end) for line in page.splitlines()), row
