"""Reading and writing topologies and trajectories with mdtraj, in Å.

Files are read in a separate process, because mdtraj's compiled readers can crash on a damaged header.
"""

import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import mdtraj
import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import Molecule
from cgbench.core.atomic_io import atomic_output
from cgbench.core.errors import InputError
from cgbench.core.subprocess_guard import MORE_MEMORY, CrashError, isolated

ANGSTROM_PER_NM = 10.0
# Limit of processor time, far above that of the slowest format.
CPU_SECONDS, CPU_SECONDS_PER_MB = 60, 20

# Formats that may store the time of frames; mdtraj's readers return it second, after the positions.
TIMED_FORMATS = frozenset({".xtc", ".trr", ".nc", ".netcdf", ".ncdf", ".h5", ".hdf5", ".gro"})

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class RawTrajectory:
    """Content of a trajectory file.

    Attributes
    ----------
    positions : float32 [n_frames, n_atoms, 3]
        Å.
    time : float [n_frames]
        ps; frame numbers if the file stores no time.
    timed
        Whether the file stores the time.
    cell : float32 [n_frames, 3, 3] or None
        Vectors of the periodic unit cell in rows, Å.
    """

    positions: NDArray[np.float32]
    time: NDArray[np.float64]
    timed: bool
    cell: NDArray[np.float32] | None


def read_topology(path: Path | str, selection: str = "all") -> Molecule:
    """Read atoms and bonds from a topology file of any format that mdtraj reads.

    Parameters
    ----------
    selection
        Atoms to keep, in mdtraj's atom selection language.

    Raises
    ------
    InputError
        If the file is missing or unreadable, no atom is selected, or a selected atom has no element.
    """
    return _isolated(path, _read_topology, path, selection)


def _read_topology(path: Path | str, selection: str) -> Molecule:
    topology = _load_topology(path)
    chosen = _select(topology, selection, path)
    is_gro = Path(path).suffix.lower() == ".gro"
    for atom in (topology.atom(int(index)) for index in chosen):
        if is_gro and _is_ambiguous(atom):
            raise InputError(
                f"{path}: a .gro file has no elements, and the element of atom {atom.index} ({atom}) is "
                "ambiguous; exclude the atom by `selection`, or give a PDB or prmtop file"
            )
        if atom.element is None or not atom.element.mass:
            raise InputError(
                f"{path}: atom {atom.index} ({atom}) has no chemical element; fill in the element column, "
                "or exclude the atom by `selection`"
            )
    return molecule_from_mdtraj(topology.subset(chosen))


def _is_ambiguous(atom: Any) -> bool:
    """Whether mdtraj may derive the wrong element from the name, as for NA (read as N) and CL (as C)."""
    if atom.residue.is_protein or atom.residue.is_water:
        return False
    return bool(atom.residue.n_atoms == 1 or atom.name.upper().startswith(("CL", "BR")))


def molecule_from_mdtraj(topology: mdtraj.Topology) -> Molecule:
    """Convert an mdtraj topology; every atom needs an element."""
    atoms = list(topology.atoms)
    bonds = sorted(sorted((bond[0].index, bond[1].index)) for bond in topology.bonds)
    return Molecule(
        elements=tuple(atom.element.symbol for atom in atoms),
        atom_names=tuple(atom.name for atom in atoms),
        residue_names=tuple(atom.residue.name for atom in atoms),
        residue_index=np.array([atom.residue.index for atom in atoms], dtype=np.int64),
        masses=np.array([atom.element.mass for atom in atoms]),
        bonds=np.array(bonds, dtype=np.int64).reshape(-1, 2),
    )


def molecule_to_mdtraj(molecule: Molecule) -> mdtraj.Topology:
    """Convert a molecule to an mdtraj topology of one chain."""
    topology = mdtraj.Topology()
    chain = topology.add_chain()
    residues: dict[int, mdtraj.core.topology.Residue] = {}
    for index in range(molecule.n_atoms):
        residue = int(molecule.residue_index[index])
        if residue not in residues:
            residues[residue] = topology.add_residue(molecule.residue_names[index], chain, resSeq=residue + 1)
        element = mdtraj.element.Element.getBySymbol(molecule.elements[index])
        topology.add_atom(molecule.atom_names[index], element, residues[residue])
    atoms = list(topology.atoms)
    for i, j in molecule.bonds:
        topology.add_bond(atoms[i], atoms[j])
    return topology


def load_trajectory(
    path: Path | str, topology_path: Path | str, selection: str = "all", stride: int = 1
) -> RawTrajectory:
    """Read a trajectory of any format that mdtraj reads.

    Parameters
    ----------
    topology_path
        Topology with the same order of atoms.
    selection
        Atoms to keep, in mdtraj's atom selection language.
    stride
        Keep every ``stride``-th frame, from the first.

    Raises
    ------
    InputError
        If the file is missing, empty, truncated or corrupt, has another number of atoms than the
        topology, or contains NaN or infinite coordinates. A file that was truncated between two frames
        is recognised only in formats with a number of frames (DCD, NetCDF); truncated XYZ or mdcrd
        text is not recognised.
    """
    return _isolated(path, _read_trajectory, Path(path), topology_path, selection, stride)


def _isolated(path: Path | str, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    megabytes = Path(path).stat().st_size // 10**6 if Path(path).is_file() else 0
    try:
        return isolated(CPU_SECONDS + CPU_SECONDS_PER_MB * megabytes, read, *args, **kwargs)
    except CrashError as error:
        raise InputError(f"{path}: cannot be read: {error}; {error.cure}") from None
    except MemoryError as error:
        raise InputError(f"{path}: cannot be read: {error}; {MORE_MEMORY}") from None


def _read_trajectory(path: Path, topology_path: Path | str, selection: str, stride: int) -> RawTrajectory:
    # This process only reads the file, so that the filter affects nothing else.
    warnings.filterwarnings("ignore", message="Warning: The 'netCDF4' Python package is not installed")
    topology = _load_topology(topology_path)
    if not path.is_file():
        raise InputError(f"{path}: no such trajectory; check the path in the dataset's configuration")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the trajectory is empty (0 bytes); fetch or simulate it again")
    n_atoms = _stored_n_atoms(path)
    if n_atoms is not None and n_atoms != topology.n_atoms:
        raise InputError(
            f"{path}: {n_atoms} atoms, but topology {topology_path} has {topology.n_atoms}; "
            "give the topology that belongs to this trajectory"
        )
    chosen = _select(topology, selection, topology_path)
    # None reads all atoms; not every reader supports a selection.
    indices = None if len(chosen) == topology.n_atoms else chosen
    try:
        trajectory = mdtraj.load(str(path), top=topology, atom_indices=indices)
    except MemoryError:
        raise
    except ImportError as error:
        raise InputError(
            f"{path}: reading this format needs the package {error.name!r}; install it, or convert "
            "the file to XTC"
        ) from None
    except Exception as error:
        # mdtraj's readers raise OSError, ValueError, RuntimeError or types of their own.
        raise InputError(
            f"{path}: cannot be read as a trajectory of the {topology.n_atoms} atoms of {topology_path}: "
            f"{error}; the file is truncated or corrupt, fetch or simulate it again"
        ) from None
    if not len(trajectory):
        raise InputError(f"{path}: the trajectory has no frames; fetch or simulate it again")
    n_stored = _stored_n_frames(path)
    if n_stored is not None and n_stored > len(trajectory):
        raise InputError(
            f"{path}: {len(trajectory)} frames, but {n_stored} according to the header; "
            "the file is truncated, fetch or simulate it again"
        )
    trajectory = trajectory[::stride]
    positions = _angstrom(trajectory.xyz)
    bad = np.asarray(~np.isfinite(positions).all(axis=(1, 2)))
    if bad.any():
        raise InputError(
            f"{path}: {int(bad.sum())} of {len(bad)} frames contain NaN or infinite coordinates, "
            f"the first is frame {int(np.argmax(bad)) * stride}; remove these frames or simulate again"
        )
    cell = trajectory.unitcell_vectors
    return RawTrajectory(
        positions,
        np.asarray(trajectory.time, dtype=np.float64),
        _stores_time(path),
        None if cell is None else _angstrom(cell),
    )


def _stores_time(path: Path) -> bool:
    """Whether the file stores the time of its frames, and mdtraj reads it from this format."""
    if path.suffix.lower() not in TIMED_FORMATS:
        return False
    with mdtraj.open(str(path)) as handle:
        return handle.read(1)[1] is not None


def _angstrom(nanometres: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(nanometres * ANGSTROM_PER_NM, dtype=np.float32)


def _stored_n_atoms(path: Path) -> int | None:
    """Return the number of atoms, or None if the format does not store it or the file is damaged."""
    try:
        with mdtraj.open(str(path)) as handle:
            n_atoms = getattr(handle, "n_atoms", None)
            return int(n_atoms) if n_atoms is not None else int(handle.read(1)[0].shape[1])
    except Exception:
        return None  # reading all frames will report the damage


def write_pdb(path: Path | str, positions: NDArray[np.floating], molecule: Molecule) -> None:
    """Write one geometry [n_atoms, 3] (Å) as PDB, atomically."""
    frame = mdtraj.Trajectory(np.asarray(positions)[None] / ANGSTROM_PER_NM, molecule_to_mdtraj(molecule))
    with atomic_output(path) as temporary:
        frame.save_pdb(str(temporary))


def _stored_n_frames(path: Path) -> int | None:
    """Return the number of frames in a DCD header; mdtraj reads truncated files without an error."""
    with path.open("rb") as handle:
        header = handle.read(12)
    if header[4:8] != b"CORD":
        return None
    order = "<" if header[:4] == struct.pack("<i", 84) else ">"
    return int(struct.unpack(f"{order}i", header[8:12])[0])


def _select(topology: mdtraj.Topology, selection: str, path: Path | str) -> NDArray[np.int64]:
    try:
        atoms = np.asarray(topology.select(selection), dtype=np.int64)
    except Exception as error:
        # The selection is compiled to Python, which may raise any exception.
        raise InputError(
            f"selection {selection!r} is not valid in mdtraj's atom selection language: {error}; "
            'examples: "all", "protein", "not water"'
        ) from None
    if not len(atoms):
        raise InputError(f"{path}: no atom matches selection {selection!r}; correct the selection")
    return atoms


def _load_topology(path: Path | str) -> mdtraj.Topology:
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such topology; check the path in the dataset's configuration")
    try:
        topology = mdtraj.load_topology(str(path))
    except Exception as error:
        # Readers raise types of their own.
        raise InputError(
            f"{path}: cannot be read as a topology: {error}; give a file of a format that mdtraj reads"
        ) from None
    if topology.n_atoms == 0:
        raise InputError(f"{path}: the topology has no atoms; give another file")
    return topology
