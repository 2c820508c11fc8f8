"""Thousands of damaged and hostile inputs: each is read, or refused by an error that names the file."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mdtraj
import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import CHANGES, CPU_SECONDS, PROFILE, damaged, edits, limited

from cgbench.chem import topology_io, trajectory_io
from cgbench.chem.frames import Frames
from cgbench.config.loader import Config
from cgbench.config.method_card import MethodCard
from cgbench.config.schema import Protocol
from cgbench.core import registry
from cgbench.core.atomic_io import read_json
from cgbench.core.errors import InputError
from cgbench.data.sources.bundled import BundledSettings, Source
from cgbench.data.splits import Split, make_split
from cgbench.data.stored_folds import StoredFolds
from cgbench.formats import isolation
from cgbench.mapping.base import Mapping
from cgbench.methods.base import TrainingContext, load_model
from cgbench.pipeline.bead_source import read_beads
from cgbench.pipeline.predictions import read_predictions
from cgbench.results.samples_file import Samples
from cgbench.results.tables import read_metrics, read_run, read_runs, table_file

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
BEADS = (
    "- atoms: [16, 17, 18, 19, 20, 21]\n- {atoms: resid 0, centre: mass}\n- {atoms: resid 1, centre: CA}\n"
)
CARD = """method: x
reference: x
code: x
licence: MIT
training: none
training_data: none
test_molecules: excluded
deterministic: true
parameters: 3
cost: none
"""
LONGEST_MESSAGE = 2100

# Inputs per kind of file; trajectories and topologies, read in processes of their own, take the longest.
BYTES = {
    "config.yaml": 500,
    "simulations.yaml": 300,
    "beads.yaml": 300,
    "beads.json": 300,
    "walker.xtc": 200,
    "walker.dcd": 100,
    "walker.nc": 80,
    "topology.pdb": 120,
    "frames.npz": 300,
    "samples.npz": 400,
    "beads.npy": 500,
    "split.json": 500,
    "mapping.json": 500,
    "stored.json": 300,
    "folds.json": 300,
    "run.json": 500,
    "metrics.csv": 200,
    "runs.csv": 200,
    "model.pt": 500,
    "predictions.npz": 400,
    "predictions.pdb": 60,
    "card.yaml": 300,
}
ARRAYS = {"frames.npz": 200, "samples.npz": 100, "predictions.npz": 12}
MODELS = 200


@dataclass(frozen=True)
class Seeds:
    """Good files of every kind, and what the benchmark does with them."""

    folder: Path
    readers: dict[str, Callable[[Path], Any]]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory, alanine_directory: Path, three_beads: Mapping) -> Seeds:
    folder = tmp_path_factory.mktemp("seeds")
    frames, _ = Source(BundledSettings(directory=str(alanine_directory), stride=2000)).read()
    molecule, positions = frames.molecule, frames.positions
    for name in ("config.yaml", "simulations.yaml"):
        shutil.copy(CONFIG / name, folder)
    (folder / "beads.yaml").write_text(BEADS)
    (folder / "beads.json").write_text(json.dumps(yaml.safe_load(BEADS)))
    shutil.copy(alanine_directory / "topology.pdb", folder)
    trajectory = mdtraj.Trajectory(positions[:3] / 10, mdtraj.load_topology(str(folder / "topology.pdb")))
    for suffix in ("xtc", "dcd", "nc"):
        trajectory.save(str(folder / f"walker.{suffix}"))
    trajectory.save_pdb(str(folder / "predictions.pdb"))
    np.savez(folder / "predictions.npz", samples=positions[:3, None])
    (folder / "card.yaml").write_text(CARD)
    frames.save(folder / "frames.npz")
    Samples(np.arange(3), positions[:3], positions[:3], positions[:3, None], 1.0).save(folder / "samples.npz")
    np.save(folder / "beads.npy", positions[:4, :5])
    make_split(frames, Protocol(), 0, 1).save(folder / "split.json")
    three_beads.save(folder / "mapping.json")
    shutil.copy(ROOT / "workflow/resources/tasks/alanine_dipeptide/cgae-3.json", folder / "stored.json")
    StoredFolds.make(frames, Protocol(), 1, 1).save(folder / "folds.json")
    for name in ("metrics.csv", "runs.csv"):
        table = pd.read_csv(table_file(ROOT / "results/reference/default", name), dtype=str, nrows=4)
        table.to_csv(folder / name, index=False)
    (folder / "run.json").write_text(
        json.dumps(dict.fromkeys(("dataset", "mapping", "method"), "a") | {"n_beads": 3, "fold": 0})[:-1]
        + ', "stochastic": false, "versions": {"torch": "2"}}'
    )
    method = registry.load("methods", "linear")
    model = method(method.Settings(), three_beads, molecule)
    model.fit(positions[:20], positions[20:25], TrainingContext(seed=0))
    model.save(folder / "model.pt")

    def read_trajectory(path: Path) -> Any:
        return trajectory_io.load_trajectory(path, folder / "topology.pdb")

    def make_mapping(path: Path, use: str = "file") -> Any:
        generator = registry.load("mapping", use)
        return generator(generator.Settings(path=str(path))).generate(molecule, 3, 0).matrix

    def use_frames(path: Path) -> None:
        stored = Frames.load(path)
        try:
            make_split(stored, Protocol(), 0, 1)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        assert stored.molecule.graph.number_of_nodes() == stored.positions.shape[1]

    def read_geometries(path: Path) -> Any:
        return read_predictions(path, molecule, 3)

    readers: dict[str, Callable[[Path], Any]] = {
        "predictions.npz": read_geometries,
        "predictions.pdb": read_geometries,
        "card.yaml": MethodCard.load,
        "config.yaml": lambda path: list(Config.load(path).run_specs()),
        "simulations.yaml": lambda path: Config.load(CONFIG / "config.yaml", path).simulations,
        "beads.yaml": make_mapping,
        "beads.json": make_mapping,
        "walker.xtc": read_trajectory,
        "walker.dcd": read_trajectory,
        "walker.nc": read_trajectory,
        "topology.pdb": topology_io.read_topology,
        "frames.npz": use_frames,
        "samples.npz": Samples.load,
        "beads.npy": read_beads,
        "split.json": lambda path: positions[Split.load_for(path, frames, "frames.npz").train],
        "mapping.json": lambda path: Mapping.load(path).matrix,
        "stored.json": lambda path: make_mapping(path, "stored"),
        "folds.json": lambda path: StoredFolds.load(path).include(make_split(frames, Protocol(), 0, 1), path),
        "run.json": read_run,
        "metrics.csv": read_metrics,
        "runs.csv": read_runs,
        "model.pt": lambda path: load_model(path).sample(positions[:2, :3], 1, 0),
    }
    return Seeds(folder, readers)


@pytest.fixture(autouse=True)
def _little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "CPU_SECONDS", int(CPU_SECONDS))


def _read(reader: Callable[[Path], Any], path: Path) -> None:
    try:
        with limited():
            reader(path)
    except InputError as error:
        assert path.name in str(error)
        assert len(str(error)) < LONGEST_MESSAGE


def _count(n_inputs: int, strategy: st.SearchStrategy[Any], check: Callable[[Any], None]) -> None:
    """Check as many inputs as asked for, no fewer."""
    seen = 0

    @settings(PROFILE, max_examples=n_inputs)
    @given(strategy)
    def run(drawn: Any) -> None:
        nonlocal seen
        seen += 1
        check(drawn)

    run()
    assert seen >= n_inputs


@pytest.mark.parametrize("name", BYTES)
@pytest.mark.filterwarnings("ignore")
def test_damaged_bytes(name: str, seeds: Seeds, tmp_path: Path) -> None:
    content, reader = (seeds.folder / name).read_bytes(), seeds.readers[name]
    reader(seeds.folder / name)

    def check(changes: Any) -> None:
        (tmp_path / name).write_bytes(damaged(content, changes))
        _read(reader, tmp_path / name)

    _count(BYTES[name], edits, check)


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.filterwarnings("ignore")
def test_arrays_that_do_not_belong_together(name: str, seeds: Seeds, tmp_path: Path) -> None:
    with np.load(seeds.folder / name) as stored:
        arrays = dict(stored)

    def check(changes: dict[str, str]) -> None:
        try:
            changed = {key: CHANGES[change](arrays[key]) for key, change in changes.items()}
        except (ValueError, TypeError, IndexError):  # a change that this array cannot undergo
            changed = {}
        np.savez(tmp_path / name, **{**arrays, **changed})
        _read(seeds.readers[name], tmp_path / name)

    drawn = st.dictionaries(st.sampled_from(sorted(arrays)), st.sampled_from(sorted(CHANGES)), min_size=1)
    _count(ARRAYS[name], drawn, check)


@pytest.mark.filterwarnings("ignore")
def test_models_of_parts_that_do_not_belong_together(seeds: Seeds, tmp_path: Path) -> None:
    content = torch.load(seeds.folder / "model.pt", weights_only=True)
    anything = st.sampled_from(
        [None, 0, -1, 2.5, "", "mlp", "../linear", [], ["C"] * 22, {}, torch.zeros(22), torch.arange(22)]
    )

    def check(drawn: tuple[dict[str, Any], dict[str, Any], dict[str, Any]]) -> None:
        outer, molecule, state = drawn
        changed = content | {
            "molecule": content["molecule"] | molecule,
            "state": content["state"]
            | {key: value for key, value in state.items() if key in content["state"]},
        }
        torch.save(changed | outer, tmp_path / "model.pt")
        _read(seeds.readers["model.pt"], tmp_path / "model.pt")

    parts = [
        st.dictionaries(st.sampled_from(sorted(keys)), anything, max_size=2)
        for keys in (content, content["molecule"], content["state"])
    ]
    _count(MODELS, st.tuples(*parts), check)


@pytest.mark.parametrize(
    "text",
    [
        "seed: 2001-99-99",
        "seed: !!timestamp never",
        "seed: !!bool maybe",
        "seed: " + "9" * 5000,
        "seed: 0x" + "f" * 6000,
        "seed: " + "[" * 500,
        "results: 'a{b}'",
        "1: 2",
    ],
    ids=lambda text: text[:30],
)
def test_hostile_configurations(text: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile.yaml"
    path.write_text(text)
    for earlier in (CONFIG / "config.yaml", path):
        with limited(), pytest.raises(InputError, match=r"hostile\.yaml") as caught:
            Config.load(earlier, path)
        assert len(str(caught.value)) < LONGEST_MESSAGE


@pytest.mark.parametrize("text", ["[" * 100_000, "[" + "9" * 5000 + "]", "\x00", '{"bead_index": [1e999]}'])
def test_hostile_json(text: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile.json"
    path.write_text(text)
    for read in (read_json, Mapping.load, Split.load):
        if read is not read_json or not text.startswith("{"):
            with limited(), pytest.raises(InputError, match=r"hostile\.json"):
                read(path)


@pytest.mark.parametrize("indices", [[-1, 0], [0, 10**15], [0, 2], []])
def test_beads_that_cannot_be(indices: list[int], tmp_path: Path) -> None:
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps({"bead_index": indices, "weights": [1.0] * len(indices)}))
    with limited(), pytest.raises(InputError, match=r"mapping\.json: not a mapping .*; delete it"):
        Mapping.load(path)
