"""Readers of trajectory files by format, with checks that nothing is left out of what they return."""

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import mdtraj
import numpy as np
from numpy.typing import NDArray

from cgbench.core.errors import InputError
from cgbench.core.joining import joined
from cgbench.formats.amber_netcdf import read_amber_netcdf
from cgbench.formats.lammps_dump import read_lammps_dump
from cgbench.formats.pdb_records import read_records
from cgbench.formats.stored_frames import AtomCountError, StoredFrames
from cgbench.formats.unit_cell import cell_vectors
from cgbench.formats.units import angstrom
from cgbench.formats.xdr_headers import read_headers

MDCRD, MDCRD_NUMBERS_PER_LINE = (".mdcrd", ".crd"), 10
# Formats that mdtraj reads in chunks; files of the others are read as a whole.
CHUNKED = frozenset({".xtc", ".trr", ".dcd", ".h5", ".xyz", *MDCRD})
CHUNK_BYTES = 16 * 2**20  # of the positions of all atoms
# Formats that may store the time of frames; mdtraj's readers return it second, after the positions.
TIMED = frozenset({".xtc", ".trr", ".h5", ".gro"})

Atoms = NDArray[np.int64] | None


class _Loaded(NamedTuple):
    """What mdtraj reads of a file.

    Attributes
    ----------
    positions : float32 [n_kept, n_atoms, 3]
        Å.
    cell : float32 [n_kept, 3, 3] or None
        Vectors in rows, Å.
    time : float [n_frames]
        As mdtraj gives it, for all frames of the file.
    is_cube
        Whether the edges of the unit cell of the first frame have one length.
    """

    positions: NDArray[np.float32]
    cell: NDArray[np.float32] | None
    time: NDArray[np.float64]
    is_cube: bool


def read_frames(file: Path, topology: mdtraj.Topology, atoms: Atoms, stride: int) -> StoredFrames:
    """Read every ``stride``-th frame that has positions, from the first, and the times of all.

    Parameters
    ----------
    file
        Name with the suffix of its format (:func:`cgbench.formats.recognition.readable`).
    topology
        All atoms of the file.
    atoms : int [n_selected] or None
        Atoms to keep; all by default.

    Raises
    ------
    AtomCountError
        If the file has another number of atoms than the topology.
    InputError
        If the file cannot be used for a reason that is known.
    Exception
        Of any type from the readers of mdtraj, if the file is damaged.
    """
    if file.suffix == ".lammpstrj":
        return read_lammps_dump(file, topology.n_atoms, atoms, stride)
    if file.suffix == ".nc":
        return read_amber_netcdf(file, topology.n_atoms, atoms, stride)
    if file.suffix in (".xtc", ".trr"):
        return _read_xdr(file, topology, atoms, stride)
    if file.suffixes[:1] == [".pdb"]:
        return _read_pdb(file, topology, atoms, stride)
    _require_atoms(stored_n_atoms(file), topology)
    loaded = _load(file, topology, atoms, stride)
    n_frames = len(loaded.time)
    _require_lines(file, n_frames, topology.n_atoms, has_box=loaded.cell is not None)
    stated = n_frames_of_dcd(file)
    if stated is not None and stated > n_frames:
        raise ValueError(f"it has {n_frames} frames, but {stated} according to the header")
    notes: tuple[str, ...] = ()
    if file.suffix in MDCRD and loaded.is_cube:
        notes = ("the format holds no angles of the unit cell, which is read as a cube and no octahedron",)
    return StoredFrames(loaded.positions, loaded.time if _stores_time(file) else None, loaded.cell, notes)


def _load(
    file: Path, topology: mdtraj.Topology, atoms: Atoms, stride: int, kept: NDArray[np.int64] | None = None
) -> _Loaded:
    """Read a file in chunks; ``kept`` [n_kept] are numbers of frames, by default of every ``stride``-th."""
    n_atoms = topology.n_atoms if atoms is None else len(atoms)
    positions, times = [np.empty((0, n_atoms, 3), np.float32)], [np.empty(0)]
    cells: list[NDArray[np.float32]] = []
    n_frames, is_cube = 0, False
    for frames in _chunks(file, topology):
        end = n_frames + len(frames)
        if kept is None:
            rows = np.arange(-n_frames % stride, len(frames), stride)
        else:
            rows = kept[np.searchsorted(kept, n_frames) : np.searchsorted(kept, end)] - n_frames
        xyz = frames.xyz[rows]
        positions.append(angstrom(xyz if atoms is None else xyz[:, atoms]))
        times.append(np.asarray(frames.time, dtype=np.float64))
        if frames.unitcell_vectors is not None:
            cells.append(angstrom(frames.unitcell_vectors[rows]))
            is_cube = len(set(frames.unitcell_lengths[0])) == 1 if n_frames == 0 else is_cube
        n_frames = end
    return _Loaded(joined(positions), joined(cells) if cells else None, np.concatenate(times), is_cube)


def _chunks(file: Path, topology: mdtraj.Topology) -> Iterator[mdtraj.Trajectory]:
    if file.suffix in CHUNKED:
        n_frames = max(1, CHUNK_BYTES // (12 * max(topology.n_atoms, 1)))
        return iter(mdtraj.iterload(str(file), chunk=n_frames, top=topology))
    return iter([mdtraj.load(str(file), top=topology)])


def _require_atoms(n_atoms: int | None, topology: mdtraj.Topology) -> None:
    if n_atoms is not None and n_atoms != topology.n_atoms:
        raise AtomCountError(n_atoms)


def _read_xdr(file: Path, topology: mdtraj.Topology, atoms: Atoms, stride: int) -> StoredFrames:
    """Read XTC or TRR, without the frames that hold velocities or forces only."""
    headers = read_headers(file)
    _require_atoms(int(headers.n_atoms[0]), topology)
    if (headers.n_atoms != headers.n_atoms[0]).any():
        frame = int((headers.n_atoms != headers.n_atoms[0]).argmax())
        raise InputError(
            f"frame {frame} has {headers.n_atoms[frame]} atoms, and frame 0 has {headers.n_atoms[0]}; write "
            "the same atoms in all frames (gmx trjconv)"
        )
    kept = headers.has_positions
    if not kept.any():
        raise InputError(
            f"none of {len(kept)} frames has positions, only velocities or forces; write positions too "
            "(nstxout of GROMACS)"
        )
    loaded = _load(file, topology, atoms, stride, np.flatnonzero(kept)[::stride])
    if len(loaded.time) != len(kept):
        raise ValueError(f"{len(loaded.time)} frames were read, but the file has {len(kept)}")
    notes = []
    if not kept.all():
        notes.append(
            f"{(~kept).sum()} of {len(kept)} frames hold velocities or forces and no positions, and were "
            "left out"
        )
    has_cell = headers.has_cell[kept]
    if has_cell.any() and not has_cell.all():
        notes.append(f"{(~has_cell).sum()} of {len(has_cell)} frames have no unit cell, so that none is used")
    cell = loaded.cell if has_cell.all() else None
    return StoredFrames(loaded.positions, loaded.time[kept], cell, tuple(notes))


def _read_pdb(file: Path, topology: mdtraj.Topology, atoms: Atoms, stride: int) -> StoredFrames:
    """Read PDB, with a unit cell for each model if the file has several."""
    records = read_records(file)
    _require_atoms(records.n_atoms, topology)
    loaded = _load(file, topology, atoms, stride)
    n_frames, cells = len(loaded.time), np.array(records.cells)
    cell: NDArray[np.float32] | None = None
    notes: tuple[str, ...] = ()
    if len(cells) == n_frames or (len(cells) and (cells == cells[0]).all()):
        cells = np.broadcast_to(cells if len(cells) == n_frames else cells[0], (n_frames, 6))
        cell = cell_vectors(cells[::stride, :3], cells[::stride, 3:])
    elif len(cells):
        notes = (f"there are {len(cells)} unit cells for {n_frames} models, so that none is used",)
    return StoredFrames(loaded.positions, None, cell, notes)


def _stores_time(file: Path) -> bool:
    """Whether the file stores the time of its frames, and mdtraj reads it from this format."""
    if file.suffix not in TIMED:
        return False
    with mdtraj.open(str(file)) as handle:
        return handle.read(1)[1] is not None


def stored_n_atoms(file: Path) -> int | None:
    """Return the number of atoms, or None if the format does not store it or the file is damaged."""
    try:
        with mdtraj.open(str(file)) as handle:
            if hasattr(handle, "n_atoms"):
                return int(handle.n_atoms)
            first = handle.read(1)
            # Formats with more than positions return a tuple.
            return int((first if isinstance(first, np.ndarray) else first[0]).shape[1])
    except Exception:
        return None  # reading all frames will report the damage


def n_frames_of_dcd(file: Path) -> int | None:
    """Return the number of frames in a DCD header; mdtraj reads truncated files without an error."""
    with file.open("rb") as handle:
        header = handle.read(12)
    if header[4:8] != b"CORD":
        return None
    order = "<" if header[:4] == struct.pack("<i", 84) else ">"
    return int(struct.unpack(f"{order}i", header[8:12])[0])


def _require_lines(file: Path, n_frames: int, n_atoms: int, *, has_box: bool) -> None:
    """Refuse XYZ and mdcrd whose last frame is incomplete, which mdtraj drops without a message."""
    if file.suffix == ".xyz":
        title, per_frame = 0, n_atoms + 2
    elif file.suffix in MDCRD:
        title, per_frame = 1, math.ceil(3 * n_atoms / MDCRD_NUMBERS_PER_LINE) + has_box
    else:
        return
    with file.open("rb") as lines:
        n_lines = sum(1 for _ in lines)
    if n_lines != title + n_frames * per_frame:
        raise ValueError(f"{n_lines} lines are not those of {n_frames} frames, the last frame is incomplete")
