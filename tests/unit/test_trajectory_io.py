import mdtraj
import numpy as np
import pytest

from cgbench.chem import topology_io, trajectory_io
from cgbench.core.errors import InputError

N_FRAMES = 12


@pytest.fixture
def topology(alanine_directory):
    return alanine_directory / "topology.pdb"


@pytest.fixture
def trajectory(alanine_frames, topology):
    """Twelve frames as an mdtraj trajectory, in nm."""
    xyz = alanine_frames.positions[:N_FRAMES] / 10.0
    return mdtraj.Trajectory(xyz, mdtraj.load_topology(str(topology)), time=np.arange(N_FRAMES) * 2.0)


@pytest.mark.parametrize("suffix", ["xtc", "trr", "dcd", "nc", "pdb", "h5"])
def test_positions_are_in_angstrom_whatever_the_format(
    trajectory, topology, alanine_frames, tmp_path, suffix
):
    path = tmp_path / f"t.{suffix}"
    trajectory.save(str(path))
    raw = trajectory_io.load_trajectory(path, topology)
    assert raw.positions.dtype == np.float32
    assert raw.time.dtype == np.float64
    np.testing.assert_allclose(
        raw.positions, alanine_frames.positions[:N_FRAMES], atol=0.006
    )  # XTC: 0.001 nm
    if suffix in {"xtc", "trr", "nc", "h5"}:
        np.testing.assert_allclose(raw.time, trajectory.time)


def test_bond_lengths_have_the_scale_of_bonds(alanine_frames):
    i, j = alanine_frames.molecule.bonds.T
    lengths = np.linalg.norm(alanine_frames.positions[:, i] - alanine_frames.positions[:, j], axis=-1)
    assert lengths.min() > 0.9
    assert lengths.max() < 1.8


def test_pdb_round_trip(alanine_frames, tmp_path):
    path = tmp_path / "one.pdb"
    trajectory_io.write_pdb(path, alanine_frames.positions[0], alanine_frames.molecule)
    again = topology_io.read_topology(path)
    assert again.elements == alanine_frames.molecule.elements
    np.testing.assert_array_equal(again.bonds, alanine_frames.molecule.bonds)
    positions = trajectory_io.load_trajectory(path, path).positions
    np.testing.assert_allclose(positions[0], alanine_frames.positions[0], atol=6e-4)


def test_selection_and_stride(trajectory, topology, tmp_path):
    path = tmp_path / "t.xtc"
    trajectory.save(str(path))
    raw = trajectory_io.load_trajectory(path, topology, "not element H", stride=5)
    assert raw.positions.shape == (3, 10, 3)
    assert raw.cell is None
    np.testing.assert_allclose(raw.time, [0, 10, 20])
    assert topology_io.read_topology(topology, "not element H").n_atoms == 10


def test_cell_is_in_angstrom(trajectory, topology, tmp_path):
    trajectory.unitcell_lengths = np.full((N_FRAMES, 3), 2.5)
    trajectory.unitcell_angles = np.full((N_FRAMES, 3), 90.0)
    trajectory.save(str(tmp_path / "t.xtc"))
    raw = trajectory_io.load_trajectory(tmp_path / "t.xtc", topology)
    np.testing.assert_allclose(raw.cell, np.broadcast_to(25 * np.eye(3), (N_FRAMES, 3, 3)), atol=1e-4)


@pytest.mark.parametrize("suffix", ["xtc", "trr", "dcd", "nc"])
@pytest.mark.parametrize("missing", [1, 300])
def test_truncated_file_is_refused(trajectory, topology, tmp_path, suffix, missing):
    path = tmp_path / f"t.{suffix}"
    trajectory.save(str(path))
    path.write_bytes(path.read_bytes()[:-missing])
    with pytest.raises(InputError, match=rf"t\.{suffix}: .*truncated"):
        trajectory_io.load_trajectory(path, topology)


def test_corrupt_file_is_refused(trajectory, topology, tmp_path):
    path = tmp_path / "t.xtc"
    trajectory.save(str(path))
    content = bytearray(path.read_bytes())
    content[1000:1080] = bytes(80)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"t\.xtc: cannot be read .*corrupt"):
        trajectory_io.load_trajectory(path, topology)


def test_empty_file_is_refused(topology, tmp_path):
    (tmp_path / "t.xtc").touch()
    with pytest.raises(InputError, match=r"t\.xtc: the trajectory is empty \(0 bytes\)"):
        trajectory_io.load_trajectory(tmp_path / "t.xtc", topology)


def test_missing_files_are_named(topology, tmp_path):
    with pytest.raises(InputError, match=r"absent\.xtc: no such trajectory"):
        trajectory_io.load_trajectory(tmp_path / "absent.xtc", topology)
    with pytest.raises(InputError, match=r"absent\.pdb: no such topology"):
        topology_io.read_topology(tmp_path / "absent.pdb")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_non_finite_coordinates_are_refused(trajectory, topology, tmp_path, value):
    trajectory.xyz[7, 3, 1] = value
    trajectory.save(str(tmp_path / "t.dcd"))
    with pytest.raises(InputError, match=r"t\.dcd: 1 of 12 frames contain NaN .* first is frame 7"):
        trajectory_io.load_trajectory(tmp_path / "t.dcd", topology)


def test_first_bad_frame_is_counted_in_the_file(trajectory, topology, tmp_path):
    trajectory.xyz[8] = np.nan
    trajectory.save(str(tmp_path / "t.dcd"))
    with pytest.raises(InputError, match="the first is frame 8"):
        trajectory_io.load_trajectory(tmp_path / "t.dcd", topology, stride=4)


@pytest.mark.parametrize("suffix", ["xtc", "dcd", "nc", "trr"])
def test_disagreement_with_the_topology_is_refused(trajectory, topology, tmp_path, suffix):
    path = tmp_path / f"t.{suffix}"
    trajectory.atom_slice(np.arange(10)).save(str(path))
    with pytest.raises(InputError, match=rf"t\.{suffix}: 10 atoms, but topology .*topology\.pdb has 22"):
        trajectory_io.load_trajectory(path, topology)


def test_unknown_format_is_refused(topology, tmp_path):
    (tmp_path / "t.txt").write_text("not a trajectory")
    with pytest.raises(InputError, match=r"t\.txt: cannot be read as a trajectory"):
        trajectory_io.load_trajectory(tmp_path / "t.txt", topology)


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ("name XX", "no atom matches selection 'name XX'"),
        ("no such thing", "'no such thing' is not valid in mdtraj's"),
    ],
)
def test_bad_selections_are_refused(topology, selection, message):
    with pytest.raises(InputError, match=message):
        topology_io.read_topology(topology, selection)


def test_atom_without_element_is_refused(tmp_path):
    line = "HETATM    1  M   TIP A   1       0.000   0.000   0.000  1.00  0.00          VS  "
    (tmp_path / "virtual.pdb").write_text(f"{line}\nEND\n")
    with pytest.raises(InputError, match=r"virtual\.pdb: atom 0 .* has no chemical element"):
        topology_io.read_topology(tmp_path / "virtual.pdb")
