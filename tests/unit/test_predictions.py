"""Predictions of any format become geometries of the task, or are refused with the reason."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mdtraj
import numpy as np
import pytest

from cgbench.chem.frames import Frames
from cgbench.chem.mdtraj_topology import molecule_to_mdtraj
from cgbench.core.errors import InputError
from cgbench.mapping.base import Mapping
from cgbench.pipeline.predictions import MOST_SAMPLES, Predictions, read_predictions
from prediction_helpers import Fold, pdb, renamed, write

AMBER = {"NME C": "CH3", "H": "HN", **{f"{cap} H{k}": f"HH3{k}" for cap in ("ACE", "NME") for k in (1, 2, 3)}}


@pytest.fixture
def fold(alanine_frames: Frames, three_beads: Mapping) -> Fold:
    return Fold.of(alanine_frames, three_beads)


def read(path: Path, fold: Fold, **options: Any) -> Predictions:
    return read_predictions(path, fold.frames.molecule, len(fold.truth), **options)


def in_a_row(samples: np.ndarray) -> np.ndarray:
    """Geometries of a trajectory: the samples of a frame one after the other."""
    return samples.reshape(-1, *samples.shape[2:])


def test_an_array_is_read_as_it_is(fold: Fold, tmp_path: Path) -> None:
    samples = fold.noisy(3)
    found = read(write(tmp_path / "p.npz", samples), fold)
    np.testing.assert_array_equal(found.samples, samples)
    assert not len(found.absent) and not found.notes
    one = read(write(tmp_path / "one.npz", samples[:, 0].astype(np.float64)), fold)
    np.testing.assert_array_equal(one.samples, samples[:, :1])


@pytest.mark.parametrize("suffix", ["xtc", "dcd", "pdb", "pdb.gz"])
@pytest.mark.parametrize("with_topology", [True, False])
def test_formats_agree(suffix: str, with_topology: bool, fold: Fold, tmp_path: Path) -> None:
    """With a topology of AMBER and atoms in another order; or in the order of the task."""
    samples, molecule = fold.noisy(2), fold.frames.molecule
    order = np.arange(22)
    topology = molecule_to_mdtraj(molecule)
    if with_topology:
        order = np.lexsort((-order, molecule.residue_index))
        topology = renamed(molecule, AMBER).subset(np.arange(22))
        topology = mdtraj.Topology.from_dataframe(
            topology.to_dataframe()[0].iloc[order].assign(serial=np.arange(22)).reset_index(drop=True)
        )
        pdb(tmp_path / "their.pdb", np.zeros((1, 22, 3)), topology)
    path = tmp_path / f"p.{suffix}"
    mdtraj.Trajectory(in_a_row(samples)[:, order] / 10, topology).save(str(path))
    found = read(path, fold, topology=tmp_path / "their.pdb" if with_topology else None)
    assert np.abs(found.samples - samples).max() < 0.006, "rounded to 0.01 Å"


def test_missing_hydrogens_leave_the_heavy_atoms(fold: Fold, tmp_path: Path) -> None:
    molecule, samples = fold.frames.molecule, fold.noisy()
    heavy, hydrogens = np.flatnonzero(molecule.heavy), np.flatnonzero(~molecule.heavy)
    topology = molecule_to_mdtraj(molecule).subset(heavy)
    paths = [
        write(tmp_path / "p.npz", samples[:, :, heavy]),
        pdb(tmp_path / "p.pdb", in_a_row(samples[:, :, heavy]), topology),
    ]
    for path in paths:
        found = read(path, fold)
        np.testing.assert_array_equal(found.absent, hydrogens)
        assert np.isnan(found.samples[:, :, hydrogens]).all()
        assert np.abs(found.samples[:, :, heavy] - samples[:, :, heavy]).max() < 0.001
        assert found.notes == ("hydrogens are missing: scored by heavy atoms only",)


def test_some_hydrogens_count_as_none(fold: Fold, tmp_path: Path) -> None:
    molecule, samples = fold.frames.molecule, fold.noisy()
    kept = np.setdiff1d(np.arange(22), np.flatnonzero(~molecule.heavy)[:3])
    topology = molecule_to_mdtraj(molecule).subset(kept)
    found = read(pdb(tmp_path / "p.pdb", in_a_row(samples[:, :, kept]), topology), fold)
    np.testing.assert_array_equal(found.absent, np.flatnonzero(~molecule.heavy))
    assert found.notes == ("3 of 12 hydrogens are missing: scored by heavy atoms only",)


def test_atoms_that_the_task_lacks_are_left_out(fold: Fold, tmp_path: Path) -> None:
    topology = molecule_to_mdtraj(fold.frames.molecule)
    topology.add_atom("OXT", mdtraj.element.oxygen, topology.residue(1))
    samples = np.concatenate([fold.noisy(1), np.zeros((20, 1, 1, 3), dtype=np.float32)], axis=2)
    order = [atom.index for atom in topology.atoms]
    found = read(pdb(tmp_path / "p.pdb", in_a_row(samples)[:, order], topology), fold)
    assert found.notes == ("left out 1 atoms that the task lacks: ALA2 OXT",)
    assert np.isfinite(found.samples).all()


def test_missing_heavy_atoms_are_named(fold: Fold, tmp_path: Path) -> None:
    path = pdb(tmp_path / "p.pdb", fold.truth, renamed(fold.frames.molecule, {"CB": "CX"}))
    with pytest.raises(
        InputError, match=r"p\.pdb: 1 heavy atoms .* missing: ALA2 CB; atoms with other names: ALA2 CX"
    ):
        read(path, fold)


def not_a_number(samples: np.ndarray) -> np.ndarray:
    samples[3:5, 1, 7] = np.nan
    return samples


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda samples: samples[1:], r"shape \(19, 2, 22, 3\): 19 frames, but the task has 20 test frames"),
        (
            lambda samples: samples.swapaxes(0, 1),
            r"the axes of frames and samples are exchanged in \(2, 20, 22, 3\); give samples\.swapaxes",
        ),
        (lambda samples: np.full(samples.shape, "x" * 999), r"expected floating-point numbers, not <U999"),
        (
            lambda samples: samples[:, :, 1:],
            r"21 atoms, but the task has 22, of which 10 are heavy; give all",
        ),
        (lambda samples: samples[..., :2], r"expected positions, not \(20, 2, 22, 2\)"),
        (lambda samples: samples[:, :0], r"expected positions, not \(20, 0, 22, 3\)"),
        (lambda samples: samples.astype(int), r"expected floating-point numbers, not int64"),
        (
            lambda samples: np.repeat(samples, 51, axis=1),
            rf"at most {MOST_SAMPLES} samples of a frame, not 102",
        ),
        (lambda samples: samples.astype(object), r"expected floating-point numbers, not object"),
        (
            not_a_number,
            r"NaN.* in 2 of 20 frames, the first in frame 3, sample 1, atom \w+ \w+; predict them",
        ),
        (
            lambda samples: samples.astype(float) * 1e300,
            r"NaN, infinite coordinates or fill values in 20 of 20",
        ),
    ],
)
def test_arrays_of_another_kind_are_refused(
    change: Callable[[np.ndarray], np.ndarray], message: str, fold: Fold, tmp_path: Path
) -> None:
    path = write(tmp_path / "p.npz", change(fold.noisy()))
    with pytest.raises(InputError, match=rf"p\.npz: .*{message}"):
        read(path, fold)


def test_a_trajectory_with_another_number_of_geometries_is_refused(fold: Fold, tmp_path: Path) -> None:
    topology = molecule_to_mdtraj(fold.frames.molecule)
    path = pdb(tmp_path / "p.pdb", fold.truth[:19], topology)
    with pytest.raises(InputError, match=r"p\.pdb: 19 geometries, but the task has 20 test frames"):
        read(path, fold)


def test_a_trajectory_of_other_atoms_names_the_topology_to_give(fold: Fold, tmp_path: Path) -> None:
    topology = molecule_to_mdtraj(fold.frames.molecule).subset(np.arange(21))
    mdtraj.Trajectory(fold.truth[:, :21] / 10, topology).save_xtc(str(tmp_path / "p.xtc"))
    with pytest.raises(InputError, match=r"p\.xtc: 21 atoms, but topology topology\.pdb of the task has 22"):
        read(tmp_path / "p.xtc", fold)


def test_a_damaged_trajectory_is_to_be_written_again(fold: Fold, tmp_path: Path) -> None:
    topology = molecule_to_mdtraj(fold.frames.molecule)
    positions = fold.truth.copy()
    positions[2, 3] = np.nan
    mdtraj.Trajectory(fold.truth / 10, topology).save_xtc(str(tmp_path / "p.xtc"))
    mdtraj.Trajectory(positions / 10, topology).save_dcd(str(tmp_path / "nan.dcd"))
    (tmp_path / "cut.xtc").write_bytes((tmp_path / "p.xtc").read_bytes()[:-40])
    (tmp_path / "empty.xtc").write_bytes(b"")
    for name, message in (
        ("cut.xtc", "truncated or corrupt, fetch it or write it again"),
        ("empty.xtc", r"is empty \(0 bytes\); fetch it or write it again"),
        ("nan.dcd", "1 of 20 frames contain NaN .*; remove these frames or make them again"),
    ):
        with pytest.raises(InputError, match=rf"{name}: .*{message}$"):
            read(tmp_path / name, fold)


@pytest.mark.parametrize("text", ["", "END\n", "REMARK nothing\n"])
def test_a_pdb_file_without_atoms_is_named(text: str, fold: Fold, tmp_path: Path) -> None:
    (tmp_path / "p.pdb").write_text(text)
    with pytest.raises(InputError, match=r"p\.pdb: the file has no atoms; write it again$"):
        read(tmp_path / "p.pdb", fold)


def test_an_array_without_a_name_is_to_be_written_as_npz(fold: Fold, tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", fold.noisy())
    with pytest.raises(InputError, match=r"p\.npy: .*write NPZ: numpy\.savez\(path, samples=array\)$"):
        read(tmp_path / "p.npy", fold)


def test_a_file_that_is_missing_or_no_predictions_is_named(fold: Fold, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"fold\{fold\}\.npz: no such file of predictions; check the path"):
        read(tmp_path / "fold{fold}.npz", fold)
    np.savez(tmp_path / "two.npz", a=fold.truth, b=fold.truth)
    with pytest.raises(InputError, match=r"two\.npz: .*an array named 'samples'; there are: a, b"):
        read(tmp_path / "two.npz", fold)


def test_an_array_that_would_fill_the_memory_is_not_read(fold: Fold, tmp_path: Path) -> None:
    """A few kilobytes on disk."""
    path = tmp_path / "p.npz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("samples.npy", "w") as file,
    ):
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f4", "fortran_order": False, "shape": (20, 303031, 22, 3)}
        )
        file.write(bytes(10**7))
    with pytest.raises(InputError, match=rf"at most {MOST_SAMPLES} samples of 20 frames of 22 atoms"):
        read(path, fold)
