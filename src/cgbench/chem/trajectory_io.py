"""The one place where nanometres exist: reading and writing trajectories with mdtraj.

Files are read in a process of their own: given a damaged header, mdtraj's compiled readers crash.
"""

import struct
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
# Far more than the slowest of formats takes.
CPU_SECONDS, CPU_SECONDS_PER_MB = 60, 20

# Formats that may state the time of frames, second among what mdtraj reads of them.
TIMED_FORMATS = frozenset({".xtc", ".trr", ".nc", ".netcdf", ".ncdf", ".h5", ".hdf5", ".gro"})

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class RawTrajectory:
    """What a trajectory file holds.

    Attributes
    ----------
    positions : float32 [n_frames, n_atoms, 3]
        Å.
    time : float [n_frames]
        ps.
    timed
        Whether the file states it; where it does not, frames are counted.
    cell : float32 [n_frames, 3, 3] or None
        Vectors of the periodic unit cell in rows, Å.
    """

    positions: NDArray[np.float32]
    time: NDArray[np.float64]
    timed: bool
    cell: NDArray[np.float32] | None


def read_topology(path: Path | str, selection: str = "all") -> Molecule:
    """Read atoms and bonds from any topology file that mdtraj reads.

    Parameters
    ----------
    selection
        Atoms to keep, in mdtraj's selection language.

    Raises
    ------
    InputError
        If the file is missing or unreadable, no atom is left, or an atom has no element.
    """
    return _isolated(path, _read_topology, path, selection)


def _read_topology(path: Path | str, selection: str) -> Molecule:
    topology = _load_topology(path)
    chosen = _select(topology, selection, path)
    if Path(path).suffix.lower() == ".gro":
        _refuse_ambiguous(path, [topology.atom(int(index)) for index in chosen])
    topology = topology.subset(chosen)
    for atom in topology.atoms:
        if atom.element is None or not atom.element.mass:
            raise InputError(
                f"{path}: atom {atom.index} ({atom}) has no chemical element; fill in the element column, "
                "or select atoms without it"
            )
    return molecule_from_mdtraj(topology)


def _refuse_ambiguous(path: Path | str, atoms: list[Any]) -> None:
    """Refuse names from which mdtraj takes the wrong element: NA is nitrogen to it, and CL carbon."""
    for atom in atoms:
        residue = atom.residue
        if residue.is_protein or residue.is_water:
            continue
        if residue.n_atoms == 1 or atom.name.upper().startswith(("CL", "BR")):
            raise InputError(
                f"{path}: a .gro file names no elements, and that of atom {atom.index} ({atom}) cannot be "
                "told from its name; select atoms without it, or give a PDB or prmtop"
            )


def molecule_from_mdtraj(topology: mdtraj.Topology) -> Molecule:
    """Convert an mdtraj topology."""
    atoms = list(topology.atoms)
    bonds = sorted(
        (min(a.index, b.index), max(a.index, b.index))
        for a, b in ((bond[0], bond[1]) for bond in topology.bonds)
    )
    return Molecule(
        elements=tuple(atom.element.symbol for atom in atoms),
        atom_names=tuple(atom.name for atom in atoms),
        residue_names=tuple(atom.residue.name for atom in atoms),
        residue_index=np.array([atom.residue.index for atom in atoms], dtype=np.int64),
        masses=np.array([atom.element.mass for atom in atoms]),
        bonds=np.array(bonds, dtype=np.int64).reshape(-1, 2),
    )


def molecule_to_mdtraj(molecule: Molecule) -> mdtraj.Topology:
    """Convert back to an mdtraj topology of one chain."""
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


def read_trajectory(
    path: Path | str, topology_path: Path | str
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Read positions [n_frames, n_atoms, 3] (Å) and time [n_frames] (ps) of a whole trajectory.

    Raises
    ------
    InputError
        As :func:`load_trajectory`.
    """
    raw = load_trajectory(path, topology_path)
    return raw.positions, raw.time


def load_trajectory(
    path: Path | str, topology_path: Path | str, selection: str = "all", stride: int = 1
) -> RawTrajectory:
    """Read one trajectory.

    Parameters
    ----------
    selection
        Atoms to keep, in mdtraj's selection language.
    stride
        Keep every ``stride``-th frame, from the first.

    Raises
    ------
    InputError
        If the file is missing, empty, truncated or corrupt, disagrees with the topology in the
        number of atoms, or holds NaN or infinite coordinates. Every message names the file. A
        file cut between two frames looks complete in formats that state no number of frames (all
        but DCD and NetCDF), as does the text of XYZ and mdcrd cut anywhere.
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
    topology = _load_topology(topology_path)
    if not path.is_file():
        raise InputError(f"{path}: no such trajectory; check the path in the dataset's configuration")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the trajectory is empty (0 bytes); fetch or simulate it again")
    n_atoms = trajectory_n_atoms(path)
    if n_atoms is not None and n_atoms != topology.n_atoms:
        raise InputError(
            f"{path}: {n_atoms} atoms, but topology {topology_path} has {topology.n_atoms}; "
            "give the topology that belongs to this trajectory"
        )
    chosen = _select(topology, selection, topology_path)
    # All atoms where there are no others, since not every reader can leave out some.
    some = None if len(chosen) == topology.n_atoms else chosen
    try:
        trajectory = mdtraj.load(str(path), top=topology, atom_indices=some)
    except MemoryError:
        raise
    except ImportError as error:
        raise InputError(
            f"{path}: reading this format needs the package {error.name!r}; install it, or convert "
            "the file to XTC"
        ) from None
    except Exception as error:
        # mdtraj reports damage through OSError, ValueError, RuntimeError or its readers' own types.
        raise InputError(
            f"{path}: cannot be read as a trajectory of the {topology.n_atoms} atoms of {topology_path}: "
            f"{error}; the file is truncated or corrupt, fetch or simulate it again"
        ) from None
    if not len(trajectory):
        raise InputError(f"{path}: the trajectory has no frames; fetch or simulate it again")
    announced = _announced_frames(path)
    if announced is not None and announced > len(trajectory):
        raise InputError(
            f"{path}: {len(trajectory)} frames, but its header announces {announced}; "
            "the file is truncated, fetch or simulate it again"
        )
    trajectory = trajectory[::stride]
    positions = _angstrom(trajectory.xyz)
    bad = np.asarray(~np.isfinite(positions).all(axis=(1, 2)))
    if bad.any():
        raise InputError(
            f"{path}: {int(bad.sum())} of {len(bad)} frames hold NaN or infinite coordinates, "
            f"the first is frame {int(np.argmax(bad)) * stride}; leave them out or simulate again"
        )
    cell = trajectory.unitcell_vectors
    return RawTrajectory(
        positions,
        np.asarray(trajectory.time, dtype=np.float64),
        _states_time(path),
        None if cell is None else _angstrom(cell),
    )


def _states_time(path: Path) -> bool:
    """Whether the file says at what time its frames are, in a format of which mdtraj reads it."""
    if path.suffix.lower() not in TIMED_FORMATS:
        return False
    with mdtraj.open(str(path)) as handle:
        return handle.read(1)[1] is not None  # coordinates, time, and what else there is


def _angstrom(nanometres: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(nanometres * ANGSTROM_PER_NM, dtype=np.float32)


def trajectory_n_atoms(path: Path) -> int | None:
    """Atoms per frame by the file's own account, or None where the format does not say."""
    try:
        with mdtraj.open(str(path)) as handle:
            n_atoms = getattr(handle, "n_atoms", None)
            return int(n_atoms) if n_atoms is not None else int(handle.read(1)[0].shape[1])
    except Exception:
        return None  # damage is reported by the full read, which names the cause


def write_pdb(path: Path | str, positions: NDArray[np.floating], molecule: Molecule) -> None:
    """Write one geometry [n_atoms, 3] (Å) as PDB, atomically."""
    frame = mdtraj.Trajectory(np.asarray(positions)[None] / ANGSTROM_PER_NM, molecule_to_mdtraj(molecule))
    with atomic_output(path) as temporary:
        frame.save_pdb(str(temporary))


def _announced_frames(path: Path) -> int | None:
    """Frames by the header of a DCD file, which mdtraj reads without complaint when it is cut short."""
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
        # The selection is parsed and compiled to Python, so anything may be raised.
        raise InputError(
            f"selection {selection!r} is not in mdtraj's atom selection language: {error}; "
            'examples: "all", "protein", "not water"'
        ) from None
    if not len(atoms):
        raise InputError(f"{path}: no atom matches selection {selection!r}")
    return atoms


def _load_topology(path: Path | str) -> mdtraj.Topology:
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such topology; check the path in the dataset's configuration")
    try:
        topology = mdtraj.load_topology(str(path))
    except Exception as error:
        # As above: every reader raises its own types.
        raise InputError(f"{path}: cannot be read as a topology: {error}") from None
    if topology.n_atoms == 0:
        raise InputError(f"{path}: the topology has no atoms")
    return topology
