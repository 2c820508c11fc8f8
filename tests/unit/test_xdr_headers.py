"""XTC and TRR frames that lack what mdtraj expects are left out or refused, never filled with memory."""

import struct

import mdtraj
import numpy as np
import pytest
from MDAnalysis.lib.formats.libmdaxdr import TRRFile
from mdtraj.formats import XTCTrajectoryFile

from cgbench.chem.trajectory_io import load_trajectory
from cgbench.core.errors import InputError
from cgbench.formats import readers

N_FRAMES = 6
BOX = 3 * np.eye(3, dtype=np.float32)  # nm


@pytest.fixture
def topology(alanine_directory):
    return alanine_directory / "topology.pdb"


@pytest.fixture
def positions(alanine_frames):
    """Frames [n_frames, n_atoms, 3], Å."""
    return alanine_frames.positions[:N_FRAMES]


def trr(path, positions, *, velocities_only=(), box=BOX):
    """Write TRR with velocities in all frames, and positions in all frames but some."""
    with TRRFile(str(path), "w") as handle:
        for frame, nanometres in enumerate(positions / 10):
            velocities = np.full_like(nanometres, 7.0)
            stored = None if frame in velocities_only else nanometres
            handle.write(stored, velocities, None, box, frame, 2.0 * frame, 0.0, len(nanometres))
    return path


@pytest.mark.parametrize("selection", ["all", "not element H"])
@pytest.mark.parametrize("missing", [(1, 3, 5), (0, 1), (5,)])
def test_frames_without_positions_are_left_out_and_counted(topology, positions, tmp_path, missing, selection):
    path = trr(tmp_path / "t.trr", positions, velocities_only=missing)
    kept = np.setdiff1d(np.arange(N_FRAMES), missing)
    raw = load_trajectory(path, topology, selection)
    atoms = mdtraj.load_topology(str(topology)).select(selection)
    np.testing.assert_allclose(raw.positions, positions[kept][:, atoms], atol=1e-5)
    np.testing.assert_allclose(raw.time, 2.0 * kept)
    assert len(raw.cell) == len(kept)
    assert raw.notes == (
        f"{len(missing)} of 6 frames hold velocities or forces and no positions, and were left out",
    )


@pytest.mark.parametrize("chunk", [1, 2, 6])
def test_stride_counts_frames_with_positions(topology, positions, tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(readers, "CHUNK_BYTES", chunk * positions[0].nbytes)
    path = trr(tmp_path / "t.trr", positions, velocities_only=(0, 2))
    raw = load_trajectory(path, topology, stride=2)
    np.testing.assert_allclose(raw.time, [2, 8])
    np.testing.assert_allclose(raw.positions, positions[[1, 4]], atol=1e-5)


def test_velocities_alone_are_no_trajectory(topology, positions, tmp_path):
    path = trr(tmp_path / "t.trr", positions, velocities_only=range(N_FRAMES))
    with pytest.raises(InputError, match=r"t\.trr: none of 6 frames has positions, .* write positions"):
        load_trajectory(path, topology)


def double_trr(path, positions, *, box=True, truncate=0):
    """Write TRR in double precision, which GROMACS writes if it is compiled so."""
    content = b""
    for frame, nanometres in enumerate(positions / 10):
        sizes = [0, 0, 72 if box else 0, 0, 0, 0, 0, 8 * nanometres.size, 0, 0]
        content += struct.pack(">3i12s", 1993, 13, 12, b"GMX_trn_file")
        content += struct.pack(">13i2d", *sizes, len(nanometres), frame, 0, 2.0 * frame, 0.0)
        content += (BOX.astype(">f8").tobytes() if box else b"") + nanometres.astype(">f8").tobytes()
    path.write_bytes(content[: len(content) - truncate])
    return path


def test_double_precision(topology, positions, tmp_path):
    raw = load_trajectory(double_trr(tmp_path / "t.trr", positions), topology)
    np.testing.assert_allclose(raw.positions, positions, atol=1e-5)
    np.testing.assert_allclose(raw.cell, np.broadcast_to(10 * BOX, (N_FRAMES, 3, 3)))
    np.testing.assert_allclose(raw.time, 2.0 * np.arange(N_FRAMES))


@pytest.mark.parametrize("missing", [1, 200, 528, 600])
def test_a_truncated_file_in_double_precision_is_refused(topology, positions, tmp_path, missing):
    path = double_trr(tmp_path / "t.trr", positions, truncate=missing)
    with pytest.raises(InputError, match=r"t\.trr: .* frame [45] is incomplete; .* truncated"):
        load_trajectory(path, topology)


def test_a_cell_that_is_not_stored_is_not_read(topology, positions, tmp_path):
    raw = load_trajectory(double_trr(tmp_path / "t.trr", positions, box=False), topology)
    assert raw.cell is None
    assert not raw.notes


def test_a_cell_in_some_frames_is_not_used(topology, positions, tmp_path):
    first = double_trr(tmp_path / "a.trr", positions[:2]).read_bytes()
    second = double_trr(tmp_path / "b.trr", positions[2:], box=False).read_bytes()
    (tmp_path / "t.trr").write_bytes(first + second)
    raw = load_trajectory(tmp_path / "t.trr", topology)
    assert raw.cell is None
    assert raw.notes == ("4 of 6 frames have no unit cell, so that none is used",)


@pytest.mark.parametrize("n_atoms", [[22, 21], [22, 23], [22, 8], [8, 22]])
@pytest.mark.parametrize("suffix", ["xtc", "trr"])
def test_another_number_of_atoms_in_a_later_frame_is_refused(topology, tmp_path, rng, suffix, n_atoms):
    path, content = tmp_path / f"t.{suffix}", b""
    for number in n_atoms:
        coordinates = rng.normal(size=(3, number, 3)).astype(np.float32)
        if suffix == "xtc":
            with XTCTrajectoryFile(str(path), "w") as handle:
                handle.write(coordinates)
        else:
            trr(path, coordinates)
        content += path.read_bytes()
    path.write_bytes(content)
    said = "frame 3 has" if n_atoms[0] == 22 else "8 atoms, but topology .* has 22"
    with pytest.raises(InputError, match=rf"t\.{suffix}: {said}"):
        load_trajectory(path, topology)


def test_few_atoms_are_not_compressed(tmp_path, topology, positions):
    few = mdtraj.load(str(topology)).atom_slice(range(9))
    few.save(str(tmp_path / "few.pdb"))
    with XTCTrajectoryFile(str(tmp_path / "t.xtc"), "w") as handle:
        handle.write(positions[:, :9] / 10, box=np.tile(10 * BOX, (N_FRAMES, 1, 1)))
    raw = load_trajectory(tmp_path / "t.xtc", tmp_path / "few.pdb")
    np.testing.assert_allclose(raw.positions, positions[:, :9], atol=0.006)


def test_rubbish_between_frames_is_refused(topology, positions, tmp_path):
    path = trr(tmp_path / "t.trr", positions)
    path.write_bytes(path.read_bytes() + bytes(4) + path.read_bytes())
    with pytest.raises(
        InputError, match=r"there is no frame at byte \d+, where one should begin; .* corrupt"
    ):
        load_trajectory(path, topology)
