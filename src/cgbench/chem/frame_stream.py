"""Trajectories that are read in chunks, so that memory does not grow with the number of frames."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import mdtraj
import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.pbc import join_molecules
from cgbench.chem.topology_io import load_topology
from cgbench.chem.trajectory_io import load_trajectory, reader_errors, require_trajectory
from cgbench.core.errors import InputError
from cgbench.formats.isolation import naming, read_isolated
from cgbench.formats.readers import n_frames_of_dcd, stored_n_atoms
from cgbench.formats.recognition import readable
from cgbench.formats.stored_frames import FILL, AtomCountError
from cgbench.formats.unit_cell import usable_cell
from cgbench.formats.units import angstrom
from cgbench.formats.xdr_headers import read_headers

# Formats that mdtraj reads in chunks. Other files are read as a whole.
STREAMED = frozenset({".xtc", ".dcd", ".h5"})
# Limits of the sample of the frames.
SAMPLE_FRAMES, SAMPLE_BYTES = 10_000, 64 * 2**20
SCAN_FRAMES = 1000

Positions = NDArray[np.float32]


class Chunk(NamedTuple):
    """Consecutive frames: positions [n, n_atoms, 3] and, with a unit cell, its vectors [n, 3, 3], Å."""

    positions: Positions
    cell: NDArray[np.floating] | None

    def joined(self, atoms: IntArray, molecule: Molecule) -> Positions:
        """Positions of atoms [n_atoms], which make up a molecule, with its periodic images joined."""
        positions = np.ascontiguousarray(self.positions[:, atoms])
        return positions if self.cell is None else join_molecules(positions, self.cell, molecule)


@dataclass(frozen=True)
class FrameStream:
    """Frames of a file, which :meth:`open` has read once and found sound, or of an array.

    Attributes
    ----------
    sample
        Evenly spaced frames, at most 10,000 and 64 MiB.
    notes
        What was left out, converted or not used, one sentence each.
    path
        File that is read in chunks; None if ``whole`` has its frames.
    whole
        All frames.
    """

    n_frames: int
    sample: Chunk
    notes: tuple[str, ...] = ()
    path: Path | None = None
    whole: Chunk | None = None

    @classmethod
    def of(cls, positions: Positions, cell: NDArray[np.floating] | None = None) -> "FrameStream":
        """Make a stream of an array [n_frames, n_atoms, 3], Å."""
        whole = Chunk(positions, cell)
        step = -(-len(positions) // _sample_frames(positions.shape[1]))
        sample = Chunk(positions[::step], None if cell is None else cell[::step])
        return cls(len(positions), sample, whole=whole)

    @classmethod
    def open(cls, path: Path | str, topology_path: Path | str) -> "FrameStream":
        """Read a file once, in a separate process, and keep a sample of its frames.

        Raises
        ------
        InputError
            As :func:`cgbench.chem.trajectory_io.load_trajectory`.
        """
        path = Path(path)
        scanned = read_isolated(path, _scan, path, topology_path)
        if scanned is not None:
            return scanned
        raw = load_trajectory(path, topology_path)
        stream = cls.of(raw.positions, raw.cell)
        return cls(stream.n_frames, stream.sample, raw.notes, whole=stream.whole)

    def chunks(self, size: int) -> Iterator[Chunk]:
        """Read all frames in order, ``size`` at once."""
        if self.whole is not None:
            positions, cell = self.whole
            for start in range(0, self.n_frames, size):
                part = slice(start, start + size)
                yield Chunk(positions[part], None if cell is None else cell[part])
            return
        assert self.path is not None
        with readable(self.path) as file:
            for frames in _iterate(file, self.sample.positions.shape[1], size):
                yield Chunk(
                    angstrom(frames.xyz),
                    None if self.sample.cell is None else angstrom(frames.unitcell_vectors),
                )


def _sample_frames(n_atoms: int) -> int:
    return max(1, min(SAMPLE_FRAMES, SAMPLE_BYTES // (12 * max(n_atoms, 1))))


def _iterate(file: Path, n_atoms: int, size: int) -> Iterator[mdtraj.Trajectory]:
    """Read frames in chunks; a topology without names suffices."""
    topology = mdtraj.Topology()
    residue = topology.add_residue("", topology.add_chain())
    for _ in range(n_atoms):
        topology.add_atom("", mdtraj.element.virtual, residue)
    return iter(mdtraj.iterload(str(file), chunk=size, top=topology))


def _scan(path: Path, topology_path: Path | str) -> FrameStream | None:
    """Read a file; None if its format is not read in chunks."""
    require_trajectory(path)
    n_atoms = load_topology(topology_path)[0].n_atoms
    with naming(path), readable(path) as file, reader_errors(path, file, topology_path, n_atoms):
        if file.suffix not in STREAMED:
            return None
        stored = stored_n_atoms(file)
        if stored is not None and stored != n_atoms:
            raise AtomCountError(stored)
        if file.suffix == ".xtc":
            read_headers(file)  # raises an error for a file that ends within a frame
        return _scan_frames(path, file, n_atoms)


def _scan_frames(path: Path, file: Path, n_atoms: int) -> FrameStream:
    n_frames, step, why_no_cell = 0, 1, ""
    positions, cells = np.empty((0, n_atoms, 3), np.float32), np.empty((0, 3, 3), np.float32)
    for frames in _iterate(file, n_atoms, SCAN_FRAMES):
        xyz = angstrom(frames.xyz)
        bad = ~np.asarray((np.abs(xyz) < FILL).all(axis=(1, 2)))
        if bad.any():
            raise InputError(
                f"frame {n_frames + int(bad.argmax())} contains NaN or infinite coordinates or fill values; "
                "remove such frames or simulate again"
            )
        cell, why = usable_cell(
            xyz, None if frames.unitcell_vectors is None else angstrom(frames.unitcell_vectors)
        )
        why_no_cell = why_no_cell or why or ("" if cell is not None else "no unit cell")
        kept = (n_frames + np.arange(len(xyz))) % step == 0
        positions = np.concatenate([positions, xyz[kept]])
        cells = np.concatenate(
            [cells, np.zeros((kept.sum(), 3, 3), np.float32) if cell is None else cell[kept]]
        )
        n_frames += len(xyz)
        while len(positions) > _sample_frames(n_atoms):
            positions, cells, step = positions[::2], cells[::2], 2 * step
    if not n_frames:
        raise InputError("the trajectory has no frames; fetch it or write it again")
    stated = n_frames_of_dcd(file)
    if stated is not None and stated > n_frames:
        raise ValueError(f"it has {n_frames} frames, but {stated} according to the header")
    notes = (why_no_cell,) if why_no_cell not in ("", "no unit cell") else ()
    return FrameStream(n_frames, Chunk(positions, None if why_no_cell else cells), notes, path)
