"""Readers of trajectory files by format, with checks that nothing is left out of what they return."""

import math
import struct
from pathlib import Path

import mdtraj
import numpy as np
from numpy.typing import NDArray

from cgbench.core.errors import InputError
from cgbench.formats.amber_netcdf import read_amber_netcdf
from cgbench.formats.lammps_dump import read_lammps_dump
from cgbench.formats.pdb_records import read_records
from cgbench.formats.stored_frames import ANGSTROM_PER_NM, AtomCountError, StoredFrames
from cgbench.formats.unit_cell import cell_vectors
from cgbench.formats.xdr_headers import read_headers

# Formats whose readers in mdtraj have no selection of atoms, or one that fails.
WITHOUT_SELECTION = frozenset({".arc", ".xml", ".hoomdxml", ".mol2"})
# Formats that may store the time of frames; mdtraj's readers return it second, after the positions.
TIMED = frozenset({".xtc", ".trr", ".h5", ".gro"})
MDCRD, MDCRD_NUMBERS_PER_LINE = (".mdcrd", ".crd"), 10

Atoms = NDArray[np.int64] | None


def read_frames(file: Path, topology: mdtraj.Topology, atoms: Atoms) -> StoredFrames:
    """Read all frames of a trajectory.

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
        return read_lammps_dump(file, topology.n_atoms, atoms)
    if file.suffix == ".nc":
        return read_amber_netcdf(file, topology.n_atoms, atoms)
    if file.suffix in (".xtc", ".trr"):
        return _read_xdr(file, topology, atoms)
    if file.suffixes[:1] == [".pdb"]:
        return _read_pdb(file, topology, atoms)
    _require_atoms(stored_n_atoms(file), topology)
    frames = _load(file, topology, atoms)
    _require_lines(file, frames, topology.n_atoms)
    stated = n_frames_of_dcd(file)
    if stated is not None and stated > len(frames):
        raise ValueError(f"it has {len(frames)} frames, but {stated} according to the header")
    cell = frames.unitcell_vectors
    notes: tuple[str, ...] = ()
    if cell is not None and file.suffix in MDCRD and len(set(frames.unitcell_lengths[0])) == 1:
        notes = ("the format holds no angles of the unit cell, which is read as a cube and no octahedron",)
    return StoredFrames(
        angstrom(frames.xyz),
        np.asarray(frames.time, dtype=np.float64) if _stores_time(file) else None,
        None if cell is None else angstrom(cell),
        notes,
    )


def angstrom(nanometres: NDArray[np.floating]) -> NDArray[np.float32]:
    """Convert lengths from nm to Å."""
    return np.asarray(nanometres * ANGSTROM_PER_NM, dtype=np.float32)


def _load(file: Path, topology: mdtraj.Topology, atoms: Atoms) -> mdtraj.Trajectory:
    if file.suffix in WITHOUT_SELECTION:
        frames = mdtraj.load(str(file), top=topology)
        return frames if atoms is None else frames.atom_slice(atoms)
    return mdtraj.load(str(file), top=topology, atom_indices=atoms)


def _require_atoms(n_atoms: int | None, topology: mdtraj.Topology) -> None:
    if n_atoms is not None and n_atoms != topology.n_atoms:
        raise AtomCountError(n_atoms)


def _read_xdr(file: Path, topology: mdtraj.Topology, atoms: Atoms) -> StoredFrames:
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
    frames = _load(file, topology, atoms)
    if len(frames) != len(kept):
        raise ValueError(f"{len(frames)} frames were read, but the file has {len(kept)}")
    notes = []
    if not kept.all():
        notes.append(
            f"{(~kept).sum()} of {len(kept)} frames hold velocities or forces and no positions, and were "
            "left out"
        )
        frames = frames.slice(np.flatnonzero(kept), copy=False)
    has_cell = headers.has_cell[kept]
    if has_cell.any() and not has_cell.all():
        notes.append(f"{(~has_cell).sum()} of {len(has_cell)} frames have no unit cell, so that none is used")
    cell = frames.unitcell_vectors if has_cell.all() else None
    return StoredFrames(
        angstrom(frames.xyz),
        np.asarray(frames.time, dtype=np.float64),
        None if cell is None else angstrom(cell),
        tuple(notes),
    )


def _read_pdb(file: Path, topology: mdtraj.Topology, atoms: Atoms) -> StoredFrames:
    """Read PDB, with a unit cell for each model if the file has several."""
    records = read_records(file)
    _require_atoms(records.n_atoms, topology)
    frames = _load(file, topology, atoms)
    n_frames, cells = len(frames), np.array(records.cells)
    cell: NDArray[np.float32] | None = None
    notes: tuple[str, ...] = ()
    if len(cells) == n_frames or (len(cells) and (cells == cells[0]).all()):
        cells = np.broadcast_to(cells if len(cells) == n_frames else cells[0], (n_frames, 6))
        cell = cell_vectors(cells[:, :3], cells[:, 3:])
    elif len(cells):
        notes = (f"there are {len(cells)} unit cells for {n_frames} models, so that none is used",)
    return StoredFrames(angstrom(frames.xyz), None, cell, notes)


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


def _require_lines(file: Path, frames: mdtraj.Trajectory, n_atoms: int) -> None:
    """Refuse XYZ and mdcrd whose last frame is incomplete, which mdtraj drops without a message."""
    if file.suffix == ".xyz":
        title, per_frame = 0, n_atoms + 2
    elif file.suffix in MDCRD:
        has_box = frames.unitcell_lengths is not None
        title, per_frame = 1, math.ceil(3 * n_atoms / MDCRD_NUMBERS_PER_LINE) + has_box
    else:
        return
    with file.open("rb") as lines:
        n_lines = sum(1 for _ in lines)
    if n_lines != title + len(frames) * per_frame:
        raise ValueError(
            f"{n_lines} lines are not those of {len(frames)} frames, the last frame is incomplete"
        )
