"""Writing of geometries frame by frame, as XTC, DCD, PDB or NPZ."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import mdtraj
import numpy as np
from mdtraj.utils.unitcell import box_vectors_to_lengths_and_angles
from numpy.typing import NDArray

from cgbench.chem.mdtraj_topology import molecule_to_mdtraj
from cgbench.chem.molecule import Molecule
from cgbench.core.atomic_io import atomic_output
from cgbench.core.errors import InputError
from cgbench.formats.units import ANGSTROM_PER_NM

LARGEST_SERIAL = 99_999  # of the columns of PDB
PDB_END = b"END\n"

# Writes geometries [n, n_samples, n_atoms, 3] of consecutive frames and, if there are, their unit cells
# [n, 3, 3], Å.
Write = Callable[[NDArray[np.float32], NDArray[np.floating] | None], None]
# Adds geometries [n * n_samples, n_atoms, 3] and their unit cells, if any, of which the first has a number.
Add = Callable[[NDArray[np.float32], NDArray[np.floating] | None, int], None]


@contextmanager
def frame_writer(path: Path | str, molecule: Molecule, n_frames: int, n_samples: int) -> Iterator[Write]:
    """Yield a function that writes the next frames; the file appears on success only.

    In XTC, DCD and PDB, the samples of a frame follow each other. PDB has the bonds as CONECT. NPZ has one
    array ``samples`` [n_frames, n_samples, n_atoms, 3], Å.

    Raises
    ------
    InputError
        If the suffix is of another format.
    """
    path = Path(path)
    if path.suffix not in WRITERS:
        raise InputError(
            f"{path}: cannot be written in this format; give a name that ends in {', '.join(WRITERS)}"
        )
    with (
        atomic_output(path) as temporary,
        WRITERS[path.suffix](temporary, molecule, (n_frames, n_samples)) as add,
    ):
        written = 0

        def write(positions: NDArray[np.float32], cell: NDArray[np.floating] | None) -> None:
            nonlocal written
            geometries = np.ascontiguousarray(positions.reshape(-1, *positions.shape[2:]), dtype=np.float32)
            add(geometries, None if cell is None else np.repeat(cell, n_samples, axis=0), written)
            written += len(geometries)

        yield write


@contextmanager
def _npz(path: Path, molecule: Molecule, shape: tuple[int, int]) -> Iterator[Add]:
    with TemporaryDirectory(dir=path.parent, prefix=".samples-") as folder:
        file = Path(folder) / "samples.npy"
        whole = (*shape, molecule.n_atoms, 3)
        array = np.lib.format.open_memmap(file, mode="w+", dtype=np.float32, shape=whole)
        flat = array.reshape(-1, molecule.n_atoms, 3)

        def add(geometries: NDArray[np.float32], boxes: NDArray[np.floating] | None, first: int) -> None:
            flat[first : first + len(geometries)] = geometries

        yield add
        array.flush()
        with ZipFile(path, "w", allowZip64=True) as archive:
            archive.write(file, file.name)


@contextmanager
def _xtc(path: Path, molecule: Molecule, shape: tuple[int, int]) -> Iterator[Add]:
    with mdtraj.formats.XTCTrajectoryFile(str(path), "w") as handle:

        def add(geometries: NDArray[np.float32], boxes: NDArray[np.floating] | None, first: int) -> None:
            steps = np.arange(first, first + len(geometries), dtype=np.int32)
            handle.write(
                geometries / np.float32(ANGSTROM_PER_NM),
                time=steps.astype(np.float32),
                step=steps,
                box=None if boxes is None else np.asarray(boxes / ANGSTROM_PER_NM, dtype=np.float32),
            )

        yield add


@contextmanager
def _dcd(path: Path, molecule: Molecule, shape: tuple[int, int]) -> Iterator[Add]:
    with mdtraj.formats.DCDTrajectoryFile(str(path), "w") as handle:

        def add(geometries: NDArray[np.float32], boxes: NDArray[np.floating] | None, first: int) -> None:
            lengths, angles = (None, None) if boxes is None else _lengths_and_angles(boxes)
            handle.write(geometries, cell_lengths=lengths, cell_angles=angles)

        yield add


@contextmanager
def _pdb(path: Path, molecule: Molecule, shape: tuple[int, int]) -> Iterator[Add]:
    # Without bonds, mdtraj writes no CONECT, of which it has those of some residues only.
    topology = molecule_to_mdtraj(replace(molecule, bonds=np.empty((0, 2), dtype=np.int64)))
    with mdtraj.formats.PDBTrajectoryFile(str(path), mode="w") as handle:

        def add(geometries: NDArray[np.float32], boxes: NDArray[np.floating] | None, first: int) -> None:
            lengths, angles = (None, None) if boxes is None else _lengths_and_angles(boxes)
            for number, geometry in enumerate(geometries):
                handle.write(
                    geometry,
                    topology,
                    modelIndex=None if shape == (1, 1) else first + number,
                    unitcell_lengths=None if lengths is None else lengths[number],
                    unitcell_angles=None if angles is None else angles[number],
                )

        yield add
    with path.open("rb+") as file:
        file.seek(-len(PDB_END), 2)
        file.write("".join(_conect(molecule)).encode() + PDB_END)


def _conect(molecule: Molecule) -> Iterator[str]:
    """Yield records of all bonds, each from both of its atoms, at most four in a record."""
    for atom in range(min(molecule.n_atoms, LARGEST_SERIAL)):
        bonded = [other + 1 for other in sorted(molecule.graph[atom]) if other < LARGEST_SERIAL]
        for start in range(0, len(bonded), 4):
            yield (
                f"CONECT{atom + 1:5d}" + "".join(f"{other:5d}" for other in bonded[start : start + 4]) + "\n"
            )


def _lengths_and_angles(boxes: NDArray[np.floating]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    values = box_vectors_to_lengths_and_angles(*np.swapaxes(boxes.astype(np.float64), 0, 1))
    lengths, angles = np.array(values[:3]).T, np.array(values[3:]).T
    return lengths.astype(np.float32), angles.astype(np.float32)


WRITERS = {".xtc": _xtc, ".dcd": _dcd, ".pdb": _pdb, ".npz": _npz}
