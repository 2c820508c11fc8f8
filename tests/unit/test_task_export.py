"""An exported task: what other programs need, and no test frame in any file."""

import json
from pathlib import Path

import mdtraj
import numpy as np
import pytest
import yaml

from cgbench.chem.molecule import Molecule
from cgbench.chem.superposition import shape_distances
from cgbench.core.atomic_io import sha256
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.mapping._bead_molecule import bead_molecule
from cgbench.mapping.base import Mapping
from cgbench.pipeline.task import Task
from cgbench.pipeline.task_export import export_task

ROOT = Path(__file__).parents[2]
CONFIG = {
    "protocol": {"folds": 3, "train_frames": 40, "valid_frames": 10, "test_frames": 30, "n_samples": 4},
    "datasets": {
        "alanine": {
            "source": "bundled",
            "directory": str(ROOT / "workflow/resources/alanine_dipeptide"),
            "stride": 200,
        }
    },
    "mappings": {"backbone": None, "alpha_carbon": None, "cgae": None},
    "methods": {"linear": None},
    "run": {
        "datasets": ["alanine"],
        "mappings": ["backbone"],
        "methods": ["linear"],
        "resolutions": {"alanine": [3]},
    },
}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("task") / "config.yaml"
    path.write_text(yaml.safe_dump(CONFIG))
    return path


@pytest.fixture(scope="module")
def task(config: Path) -> Task:
    return Task.named("alanine-backbone-3", [config])


@pytest.fixture(scope="module")
def folder(task: Task, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "fold1"
    export_task(task, 1, path)
    return path


def geometries(folder: Path, n_atoms: int) -> dict[str, np.ndarray]:
    """All geometries of all atoms in the files of a folder, Å."""
    found = {}
    for path in folder.iterdir():
        if path.suffix == ".npz":
            with np.load(path) as arrays:
                for name, array in arrays.items():
                    if array.shape[-2:] == (n_atoms, 3):
                        found[f"{path.name} {name}"] = array
        elif path.suffix == ".xtc":
            trajectory = mdtraj.load(str(path), top=str(path.with_suffix(".pdb")))
            if trajectory.n_atoms == n_atoms:
                found[path.name] = trajectory.xyz * 10
        elif path.suffix == ".pdb":
            frame = mdtraj.load(str(path))
            if frame.n_atoms == n_atoms:
                found[path.name] = frame.xyz * 10
    return found


def nearest(found: np.ndarray, tested: np.ndarray) -> float:
    """Smallest RMSD after superposition between two sets of geometries, Å."""
    weights = np.full(found.shape[1], 1 / found.shape[1])
    return float(shape_distances(found, tested, weights).min())


def test_no_file_has_a_test_frame(task: Task, folder: Path) -> None:
    """Not even superposed; every number of the text files is a part of a name, a checksum or the mapping."""
    tested = task.frames.positions[task.split(1).test]
    found = geometries(folder, 22)
    assert set(found) == {"topology.pdb", "training.npz train", "training.npz valid"}
    for name, positions in found.items():
        assert nearest(positions, tested) > 0.02, name
    # The search would find one.
    moved = tested[7] @ np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], dtype=np.float32) + np.float32(3)
    assert nearest(moved[None], tested) < 1e-3
    assert {path.name for path in folder.iterdir()} == {
        *("README.md", "task.json", "beads.npz", "beads.pdb", "beads.xtc", "topology.pdb", "training.npz")
    }


def test_the_folds_of_a_task_without_training_frames_have_no_test_frame_of_any(
    task: Task, tmp_path: Path
) -> None:
    tested = task.frames.positions[np.concatenate([task.split(fold).test for fold in range(3)])]
    export_task(task, 0, tmp_path / "fold0", training=False)
    found = geometries(tmp_path / "fold0", 22)
    assert set(found) == {"topology.pdb"}
    assert nearest(found["topology.pdb"], tested) > 0.02


def test_beads_are_those_of_the_test_frames_in_every_format(task: Task, folder: Path) -> None:
    split, mapping = task.split(1), task.mapping(1)
    expected = mapping.beads(task.frames.positions[split.test].astype(np.float64))
    with np.load(folder / "beads.npz") as arrays:
        np.testing.assert_allclose(arrays["beads"], expected, atol=1e-5)
        np.testing.assert_array_equal(arrays["bead_index"], mapping.bead_index)
        np.testing.assert_array_equal(arrays["matrix"], mapping.matrix)
        np.testing.assert_array_equal(arrays["frame_index"], split.test)
    trajectory = mdtraj.load(str(folder / "beads.xtc"), top=str(folder / "beads.pdb"))
    assert np.abs(trajectory.xyz * 10 - expected).max() < 0.006
    assert np.abs(mdtraj.load(str(folder / "beads.pdb")).xyz[0] * 10 - expected[0]).max() < 0.001


def test_the_description_says_what_a_score_refers_to(task: Task, folder: Path) -> None:
    described = json.loads((folder / "task.json").read_text())
    assert (described["task"], described["version"], described["fold"]) == ("alanine-backbone-3", None, 1)
    assert (described["folds"], described["n_samples"]) == (3, 4)
    assert described["dataset"]["licence"] == "CC BY 4.0"
    assert described["dataset"]["frames_sha256"] == task.frames.checksum
    assert described["frames"]["test"] == task.split(1).test.tolist()
    assert described["units"]["*.npz"] == "Å"
    for name, facts in described["files"].items():
        assert sha256(folder / name) == facts["sha256"]
    readme = (folder / "README.md").read_text()
    command = "cgbench evaluate predictions.npz --task alanine-backbone-3 --fold 1"
    assert f"{command} --card card.yaml --name my_method\n" in readme
    assert "22 atoms of alanine for each of 30 test frames, from its 3 beads" in readme


@pytest.mark.slow
def test_a_stored_task_has_its_version(tmp_path: Path) -> None:
    task = Task.named("alanine_dipeptide-cgae-3")
    assert task.mapping(0).task == "alanine_dipeptide-cgae-3 v4"
    export_task(task, 0, tmp_path / "fold0", training=False)
    described = json.loads((tmp_path / "fold0/task.json").read_text())
    assert (described["task"], described["version"]) == ("alanine_dipeptide-cgae-3", "v4")
    assert len(described["frames"]["test"]) == 500


def test_an_export_is_replaced_and_another_folder_is_not(task: Task, folder: Path, tmp_path: Path) -> None:
    export_task(task, 1, folder, training=False)
    assert not (folder / "training.npz").exists()
    export_task(task, 1, folder)
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(InputError, match="exists and is no exported task; give a new folder"):
        export_task(task, 1, tmp_path)
    assert (tmp_path / "thesis.tex").exists()


def test_beads_at_atoms_have_their_names(alanine: Molecule) -> None:
    mapping = PlugIn.parse("mapping", "alpha_carbon", "alpha_carbon", {}, "test").create()
    beads = bead_molecule(mapping.generate(alanine, 3, 0), alanine)
    assert beads.atom_names == ("CH3", "CA", "C")
    assert beads.residue_names == ("ACE", "ALA", "NME")
    assert beads.elements == ("C", "C", "C")


def test_other_beads_are_numbered(task: Task) -> None:
    molecule = task.frames.molecule
    beads = bead_molecule(task.mapping(0), molecule)
    assert beads.atom_names == ("B1", "B2", "B3")
    # The last residue first, as a mapping by hand may have it.
    beads = bead_molecule(Mapping.centres(2 - molecule.residue_index), molecule)
    assert beads.residue_names == ("NME", "ALA", "ACE")
    np.testing.assert_array_equal(beads.residue_index, [0, 1, 2])


def test_beads_that_share_atoms_follow_from_the_exported_matrix(task: Task, tmp_path: Path) -> None:
    """As in Martini 3: what only says in which bead an atom is does not say where the beads are."""

    class Sharing(Task):
        def mapping(self, fold: int) -> Mapping:
            own = super().mapping(fold)
            weights = own.weights.copy()
            weights[own.bead_index == 1] *= 0.5
            shared = tuple((int(atom), 1, 0.25) for atom in np.flatnonzero(own.bead_index == 0)[:2])
            return Mapping(own.bead_index, weights, shared=shared)

    sharing = Sharing(task.config, task.dataset, task.mapping_name, task.n_beads)
    export_task(sharing, 1, tmp_path / "fold1")
    with np.load(tmp_path / "fold1" / "beads.npz") as arrays:
        expected = arrays["matrix"] @ sharing.frames.positions[sharing.split(1).test].astype(np.float64)
        np.testing.assert_allclose(arrays["beads"], expected, atol=1e-5)


@pytest.mark.parametrize(
    "name",
    ["alanine", "alanine-backbone", "alanine-backbone-0", "alanine-backbone-x", "other-backbone-3", ""],
)
def test_a_name_that_is_no_task_is_refused(name: str, config: Path) -> None:
    with pytest.raises(
        InputError, match=r"is no task; .*datasets: alanine; mappings: alpha_carbon, backbone, cgae"
    ):
        Task.named(name, [config])


def test_a_misspelt_task_is_told_its_name(config: Path) -> None:
    with pytest.raises(InputError, match=r"no task; did you mean alanine-backbone-3\? a task is"):
        Task.named("alanin-backbone-3", [config])
    with pytest.raises(InputError, match=r"no task; did you mean alanine_dipeptide-cgae-3\? a task is"):
        Task.named("alanine_dipeptid-cgae-3")
