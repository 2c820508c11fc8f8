"""Every format that mdtraj reads gives the same frames, whatever the name of the file."""

import struct
import tracemalloc

import mdtraj
import numpy as np
import pytest
from MDAnalysis.coordinates.DCD import DCDReader
from mdtraj.formats.registry import FormatRegistry

from cgbench.chem import topology_io, trajectory_io
from cgbench.core.errors import InputError
from cgbench.formats import readers

N_FRAMES = 5
# Å: three digits are written in Å, or in nm.
ROUNDING = {".gro": 0.006, ".xtc": 0.006}
ONE_FRAME = {".rst7", ".ncrst"}
# A folder, a format of a package that is not installed, and one whose writer fails with newer packages.
NOT_WRITTEN_HERE = {".dtr", ".gsd", ".lh5"}
WITHOUT_CELL = {".xyz", ".xyz.gz"}
TIMED = {".xtc", ".trr", ".nc", ".ncdf", ".netcdf", ".ncrst", ".h5", ".gro"}
# Formats that mdtraj reads and does not write here.
READ_ONLY = {".arc", ".xml", ".hoomdxml", ".mol2", ".stk", *NOT_WRITTEN_HERE}


@pytest.fixture
def topology(alanine_directory):
    return alanine_directory / "topology.pdb"


@pytest.fixture
def trajectory(alanine_frames, topology):
    """Five frames in nm, with a unit cell, in the order of the file, at 10, 12, ... ps."""
    frames = mdtraj.Trajectory(
        alanine_frames.positions[:N_FRAMES] / 10.0,
        mdtraj.load_topology(str(topology)),
        time=10.0 + 2.0 * np.arange(N_FRAMES),
        unitcell_lengths=np.tile([3.0, 3.5, 4.0], (N_FRAMES, 1)),
        unitcell_angles=np.full((N_FRAMES, 3), 90.0),
    )
    frames.xyz -= frames.xyz.min()  # mdcrd and GRO have few columns
    return frames


def saved(trajectory, path):
    trajectory.save(str(path))
    return path


def written_formats():
    probe = mdtraj.Trajectory(np.zeros((1, 1, 3)), None)
    return sorted(set(probe._savers()) - NOT_WRITTEN_HERE)


def test_formats_that_are_not_tested_below_are_known():
    assert set(FormatRegistry.loaders) <= set(written_formats()) | READ_ONLY | {
        *(".hdf5", ".mmcif", ".mmcif.gz", ".restrt", ".inpcrd")  # other suffixes of formats that are tested
    }


@pytest.mark.parametrize("suffix", written_formats())
def test_every_format_gives_the_same_frames(trajectory, topology, tmp_path, suffix):
    if suffix in ONE_FRAME:
        trajectory = trajectory[0]
    path, tolerance = saved(trajectory, tmp_path / f"t{suffix}"), ROUNDING.get(suffix, 6e-4)
    for selection in ("all", "not element H"):
        raw = trajectory_io.load_trajectory(path, topology, selection)
        atoms = trajectory.topology.select(selection)
        np.testing.assert_allclose(raw.positions, 10 * trajectory.xyz[:, atoms], atol=tolerance)
        assert raw.positions.dtype == np.float32
    assert (raw.cell is None) == (suffix in WITHOUT_CELL)
    if raw.cell is not None:
        np.testing.assert_allclose(raw.cell, 10 * trajectory.unitcell_vectors, atol=6e-3)
    assert (raw.no_time == "") == (suffix in TIMED)
    np.testing.assert_allclose(raw.time, trajectory.time if suffix in TIMED else np.arange(len(trajectory)))


@pytest.mark.parametrize("suffix", sorted(set(written_formats()) - ONE_FRAME))
def test_chunks_and_strides_give_the_frames_of_the_whole(trajectory, topology, tmp_path, monkeypatch, suffix):
    path = saved(trajectory, tmp_path / f"t{suffix}")
    whole = trajectory_io.load_trajectory(path, topology, "not element H")
    monkeypatch.setattr(readers, "CHUNK_BYTES", 12 * 22 * 2)  # two frames
    for stride in (1, 3):
        raw = trajectory_io.load_trajectory(path, topology, "not element H", stride)
        np.testing.assert_array_equal(raw.positions, whole.positions[::stride])
        np.testing.assert_array_equal(raw.time, whole.time[::stride])
        assert raw.notes == whole.notes
        assert (raw.cell is None) == (whole.cell is None)
        if raw.cell is not None:
            np.testing.assert_array_equal(raw.cell, whole.cell[::stride])


@pytest.mark.parametrize("suffix", [".xtc", ".trr", ".dcd"])
def test_memory_is_that_of_the_frames_that_are_kept(trajectory, tmp_path, monkeypatch, suffix):
    monkeypatch.setattr(readers, "CHUNK_BYTES", 1 << 14)
    path = saved(trajectory[np.arange(3_000) % N_FRAMES], tmp_path / f"t{suffix}")
    tracemalloc.start()
    try:
        positions = readers.read_frames(path, trajectory.topology, None, 100).positions
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_allclose(positions, np.tile(10 * trajectory.xyz[0], (30, 1, 1)), atol=0.006)
    assert peak < 100 * positions.nbytes / 2


@pytest.mark.parametrize("suffix", [".pdb", ".cif", ".gro", ".h5", ".pdb.gz"])
def test_topologies_are_read_under_any_name(trajectory, tmp_path, suffix):
    path = saved(trajectory[0], tmp_path / f"t{suffix}").rename(tmp_path / f"Läufe [1]{suffix.upper()}")
    molecule = topology_io.read_topology(path)
    assert molecule.n_atoms == 22
    assert len(molecule.bonds) == 21


@pytest.mark.parametrize("suffix", [".xtc", ".trr", ".dcd", ".nc", ".h5", ".mdcrd"])
def test_trajectories_are_read_under_any_name(trajectory, topology, tmp_path, suffix):
    path = saved(trajectory, tmp_path / f"t{suffix}").rename(tmp_path / f"Läufe {suffix.upper()}")
    raw = trajectory_io.load_trajectory(path, topology)
    np.testing.assert_allclose(raw.positions, 10 * trajectory.xyz, atol=0.006)


@pytest.mark.parametrize("suffix", [".xtc", ".trr", ".dcd", ".nc", ".h5"])
@pytest.mark.parametrize("name", ["t.mdcrd", "t", "t.backup"])
def test_the_content_decides_on_the_format(trajectory, topology, tmp_path, suffix, name):
    path = saved(trajectory, tmp_path / f"t{suffix}").rename(tmp_path / name)
    raw = trajectory_io.load_trajectory(path, topology)
    np.testing.assert_allclose(raw.positions, 10 * trajectory.xyz, atol=0.006)


def test_a_text_is_recognised_if_its_suffix_is_unknown(trajectory, topology, tmp_path):
    path = saved(trajectory, tmp_path / "t.lammpstrj").rename(tmp_path / "t.dump")
    assert len(trajectory_io.load_trajectory(path, topology).positions) == N_FRAMES
    assert topology_io.read_topology(saved(trajectory, tmp_path / "t.pdb").rename(tmp_path / "t.ent"))


def test_messages_have_the_name_of_the_user(trajectory, topology, tmp_path):
    path = saved(trajectory, tmp_path / "Läufe.xyz")
    path.write_text(path.read_text().replace("C ", "", 1))
    with pytest.raises(
        InputError, match=r"Läufe\.xyz: cannot be read .*Läufe\.xyz.*; correct the file"
    ) as told:
        trajectory_io.load_trajectory(path, topology)
    assert "file.xyz" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.tng", b"\0" * 9, "mdtraj reads no trajectories of the format '.tng'; .*convert it"),
        ("t.xtc.gz", b"\x1f\x8b8", "the format '.xtc.gz'; decompress the file"),
        ("t.xtc", b"\x1f\x8b8", "the format '.xtc.gz'; decompress the file"),
        ("t.nc", b"\x89HDF\r\n\x1a\n", "NetCDF-4; convert it to NetCDF-3"),
        ("t.xtc", b"<!DOCTYPE html><p>Not found", "does not begin as its format does; fetch it again"),
        ("t.xtc", struct.pack(">2i", 2023, 22), "more than 298 million atoms"),
    ],
)
def test_what_mdtraj_does_not_read_is_said(topology, tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"{name}: .*{said}"):
        trajectory_io.load_trajectory(tmp_path / name, topology)


@pytest.mark.parametrize("suffix", [".xtc", ".dcd", ".nc", ".h5", ".pdb"])
def test_readers_print_no_remarks(trajectory, topology, tmp_path, suffix, capfd):
    path = saved(trajectory, tmp_path / f"t{suffix}")
    capfd.readouterr()
    trajectory_io.load_trajectory(path, topology)
    assert capfd.readouterr() == ("", "")


def test_a_folder_is_no_trajectory(topology, tmp_path):
    with pytest.raises(InputError, match="is a folder; give a file"):
        trajectory_io.load_trajectory(tmp_path, topology)


@pytest.mark.parametrize("suffix", ["xyz", "mdcrd"])
def test_blank_lines_and_other_characters_do_no_harm(trajectory, topology, tmp_path, suffix):
    path = saved(trajectory, tmp_path / f"t.{suffix}")
    title = path.read_text().splitlines()[0 if suffix == "mdcrd" else 1]
    content = path.read_text().replace(title, "Läufe, 300 K")
    for encoding in ("utf-8", "latin1"):
        path.write_bytes((content + "\n \n\n").replace("\n", "\r\n").encode(encoding))
        raw = trajectory_io.load_trajectory(path, topology)
        np.testing.assert_allclose(raw.positions, 10 * trajectory.xyz, atol=6e-4)


@pytest.mark.parametrize("suffix", ["xyz", "mdcrd", "gro", "lammpstrj"])
def test_a_text_that_ends_within_a_frame_is_refused(trajectory, topology, tmp_path, suffix):
    path = saved(trajectory, tmp_path / f"t.{suffix}")
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-4]))
    with pytest.raises(InputError, match=rf"t\.{suffix}: .*(incomplete|has \d+ of 22 atoms)"):
        trajectory_io.load_trajectory(path, topology)


@pytest.mark.parametrize("suffix", ["xyz", "gro", "lammpstrj", "h5", "pdb", "rst7"])
def test_another_number_of_atoms_is_noticed(trajectory, topology, tmp_path, suffix):
    frames = trajectory[0] if suffix == "rst7" else trajectory
    path = saved(frames.atom_slice(np.arange(10)), tmp_path / f"t.{suffix}")
    with pytest.raises(InputError, match=rf"t\.{suffix}: (10 atoms, but topology .* has 22|.*same atoms)"):
        trajectory_io.load_trajectory(path, topology)


def test_a_box_in_mdcrd_may_be_an_octahedron(trajectory, topology, tmp_path):
    assert not trajectory_io.load_trajectory(saved(trajectory, tmp_path / "t.mdcrd"), topology).notes
    trajectory.unitcell_lengths[:] = 4.0
    (note,) = trajectory_io.load_trajectory(saved(trajectory, tmp_path / "t.mdcrd"), topology).notes
    assert "read as a cube and no octahedron" in note


def test_models_have_unit_cells_of_their_own(trajectory, topology, tmp_path):
    path = tmp_path / "t.pdb"
    models = saved(trajectory, path).read_text().split("MODEL")[1:]
    lengths = 30 + np.arange(N_FRAMES)
    cells = [f"CRYST1{3 * f'{length:9.3f}'}  90.00  90.00  90.00 P 1\n" for length in lengths]
    path.write_text("".join(f"{cell}MODEL{model}" for cell, model in zip(cells, models, strict=True)))
    raw = trajectory_io.load_trajectory(path, topology)
    np.testing.assert_allclose(raw.cell, lengths[:, None, None] * np.eye(3), atol=1e-3)
    path.write_text(path.read_text().replace("CRYST1", "REMARK", 1))
    raw = trajectory_io.load_trajectory(path, topology)
    assert raw.cell is None
    assert raw.notes == ("there are 4 unit cells for 5 models, so that none is used",)


def dcd(path, positions, *, order="<", free=None):
    """Write a DCD file; with ``free`` atoms, others are stored in the first frame only."""

    def record(content):
        length = struct.pack(f"{order}i", len(content))
        return length + content + length

    n_frames, n_atoms, _ = positions.shape
    n_fixed = 0 if free is None else n_atoms - len(free)
    integers = [n_frames, 0, 1, 0, 0, 0, 0, 0, n_fixed]
    header = b"CORD" + struct.pack(f"{order}9if10i", *integers, 1.0, *[0] * 9, 24)
    with path.open("wb") as handle:
        handle.write(record(header) + record(struct.pack(f"{order}i", 1) + b"title".ljust(80)))
        handle.write(record(struct.pack(f"{order}i", n_atoms)))
        if free is not None:
            handle.write(record((np.asarray(free) + 1).astype(f"{order}i4").tobytes()))
        for number, frame in enumerate(positions.astype(f"{order}f4")):
            stored = frame if free is None or number == 0 else frame[free]
            handle.write(b"".join(record(stored[:, axis].tobytes()) for axis in range(3)))
    return path


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("fixed", [0, 6])
def test_dcd_of_either_byte_order_with_fixed_atoms(alanine_frames, topology, tmp_path, order, fixed):
    positions = alanine_frames.positions[:N_FRAMES].copy()
    positions[:, :fixed] = positions[0, :fixed]
    path = dcd(tmp_path / "t.dcd", positions, order=order, free=np.arange(fixed, 22) if fixed else None)
    raw = trajectory_io.load_trajectory(path, topology, stride=2)
    np.testing.assert_allclose(raw.positions, positions[::2], atol=1e-6)
    np.testing.assert_array_equal(positions, [frame.positions for frame in DCDReader(path)])
