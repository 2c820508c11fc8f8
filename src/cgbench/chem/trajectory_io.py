"""Reading and writing topologies and trajectories with mdtraj, in Å.

Files are read in a separate process, because mdtraj's compiled readers can crash on a damaged header.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ParamSpec, TypeVar

import mdtraj
import numpy as np
from mdtraj.formats.registry import FormatRegistry
from numpy.typing import NDArray

from cgbench.chem.elements import assign_elements, unknown_elements
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.stated_elements import Stated, stated
from cgbench.core.atomic_io import atomic_output
from cgbench.core.errors import InputError
from cgbench.core.subprocess_guard import MORE_MEMORY, CrashError, isolated
from cgbench.core.wording import counted
from cgbench.formats.pdb_records import require_all_atoms
from cgbench.formats.readers import angstrom, read_frames
from cgbench.formats.recognition import readable
from cgbench.formats.stored_frames import ANGSTROM_PER_NM, FILL, AtomCountError, StoredFrames, why_unusable
from cgbench.formats.text_corrections import restore_psf_residues
from cgbench.formats.unit_cell import usable_cell

# Limit of processor time, far above that of the slowest format.
CPU_SECONDS, CPU_SECONDS_PER_MB = 60, 20
# Formats in which damage is likelier than a mistake of the program or person that wrote the file.
BINARY = frozenset({".xtc", ".trr", ".dcd", ".nc", ".h5", ".lh5"})
NETCDF = frozenset({".nc", ".ncdf", ".netcdf", ".ncrst"})

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
        ps; frame numbers if the file stores no time that can be used.
    no_time
        Why no stored time can be used; empty if it can.
    cell : float32 [n_frames, 3, 3] or None
        Vectors of the periodic unit cell in rows, Å.
    notes
        What was left out, converted or not used, one sentence each.
    """

    positions: NDArray[np.float32]
    time: NDArray[np.float64]
    no_time: str
    cell: NDArray[np.float32] | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class System:
    """Content of a topology file, and a selection of its atoms.

    Attributes
    ----------
    everything
        All atoms; without an element where it is unknown.
    selected : int [n_selected]
        The selected atoms, sorted.
    n_water
        Number of selected atoms of water.
    notes
        What was changed, for the card.
    """

    everything: Molecule
    selected: IntArray
    n_water: int
    notes: tuple[str, ...]

    @property
    def molecule(self) -> Molecule:
        """The selected atoms, with residues counted from 0."""
        molecule = self.everything.subset(self.selected)
        return replace(molecule, residue_index=np.unique(molecule.residue_index, return_inverse=True)[1])


def read_topology(
    path: Path | str, selection: str = "all", elements: Mapping[str, str] | None = None
) -> Molecule:
    """Read atoms and bonds from a topology file of any format that mdtraj reads.

    Parameters
    ----------
    selection
        Atoms to keep, in mdtraj's atom selection language.
    elements
        Symbols by atom name, or by residue and atom name (``"MSE SE"``), for files without elements.

    Raises
    ------
    InputError
        If the file is missing or unreadable, no atom is selected, or the element of a selected atom is
        unknown.
    """
    return read_system(path, selection, elements).molecule


def read_system(
    path: Path | str, selection: str = "all", elements: Mapping[str, str] | None = None
) -> System:
    """Read a topology file like :func:`read_topology`, with the atoms that are not selected."""
    return _isolated(path, _read_system, path, selection, elements or {})


def _read_system(path: Path | str, selection: str, elements: Mapping[str, str]) -> System:
    topology, facts, notes = _with_elements(path, elements)
    chosen = _select(topology, selection, path, facts)
    if error := unknown_elements(topology, facts, chosen.tolist(), path):
        raise error
    everything = molecule_from_mdtraj(topology)
    constraints = _constraints(everything)
    if n_dropped := int(np.isin(everything.bonds[constraints, 0], chosen).sum()):
        notes.append(
            f"{counted(n_dropped, 'bond')} between hydrogens dropped, as a constraint of rigid water"
        )
    everything = replace(everything, bonds=everything.bonds[~constraints])
    n_water = sum(topology.atom(index).residue.is_water for index in chosen.tolist())
    return System(everything, chosen, n_water, tuple(notes))


def _with_elements(
    path: Path | str, elements: Mapping[str, str]
) -> tuple[mdtraj.Topology, Stated, list[str]]:
    topology, facts = _load_topology(path)
    return topology, facts, assign_elements(topology, facts, elements, path)


def _constraints(molecule: Molecule) -> NDArray[np.bool_]:
    """Mask of the bonds between hydrogens that have other bonds, as in topologies of rigid water."""
    n_bonds = np.bincount(molecule.bonds.ravel(), minlength=molecule.n_atoms)
    between = ~molecule.heavy[molecule.bonds].any(axis=1)
    return np.asarray(between & (n_bonds[molecule.bonds] > 1).any(axis=1))


def molecule_from_mdtraj(topology: mdtraj.Topology) -> Molecule:
    """Convert an mdtraj topology; atoms without an element get an empty symbol and no mass."""
    atoms = list(topology.atoms)
    bonds = sorted({(min(pair), max(pair)) for pair in ((a.index, b.index) for a, b in topology.bonds)})
    return Molecule(
        elements=tuple("" if atom.element is None else atom.element.symbol for atom in atoms),
        atom_names=tuple(atom.name for atom in atoms),
        residue_names=tuple(atom.residue.name for atom in atoms),
        residue_index=np.array([atom.residue.index for atom in atoms], dtype=np.int64),
        masses=np.array([0.0 if atom.element is None else atom.element.mass for atom in atoms]),
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
    path: Path | str,
    topology_path: Path | str,
    selection: str = "all",
    stride: int = 1,
    elements: Mapping[str, str] | None = None,
) -> RawTrajectory:
    """Read a trajectory of any format that mdtraj reads, which is recognised by content before name.

    Frames without positions (TRR) are left out, and unit cells and times that are placeholders are not
    used; ``notes`` and ``no_time`` of the result say so.

    Parameters
    ----------
    topology_path
        Topology with the same order of atoms.
    selection
        Atoms to keep, in mdtraj's atom selection language.
    stride
        Keep every ``stride``-th frame that has positions, from the first.
    elements
        As for :func:`read_topology`.

    Raises
    ------
    InputError
        If the file is missing, empty, truncated or corrupt, has another number of atoms than the
        topology, or contains NaN or infinite coordinates. A file that was truncated between two frames
        is recognised only in formats with a number of frames (DCD, NetCDF).
    """
    return _isolated(path, _read_trajectory, Path(path), topology_path, selection, stride, elements or {})


def load_first_frame(
    path: Path | str, topology_path: Path | str
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None] | None:
    """Read positions [n_atoms, 3] of all atoms, and the unit cell [3, 3] if there is one, in Å.

    Unlike :func:`load_trajectory`, this needs little memory, and checks nothing. None is returned if mdtraj
    cannot read the file in this way.
    """
    return _isolated(path, _read_first_frame, Path(path), topology_path)


def _read_first_frame(
    path: Path, topology_path: Path | str
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None] | None:
    topology, _ = _load_topology(topology_path)
    with readable(path) as file:
        try:
            frame = mdtraj.load_frame(str(file), 0, top=topology)
        except Exception:
            return None
    positions, cell = angstrom(frame.xyz), frame.unitcell_vectors
    cell, _ = usable_cell(positions, None if cell is None else angstrom(cell))
    return positions[0], None if cell is None else cell[0]


def _isolated(path: Path | str, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    megabytes = Path(path).stat().st_size // 10**6 if Path(path).is_file() else 0
    try:
        return isolated(CPU_SECONDS + CPU_SECONDS_PER_MB * megabytes, read, *args, **kwargs)
    except CrashError as error:
        raise InputError(f"{path}: cannot be read: {error}; {error.cure}") from None
    except MemoryError as error:
        raise InputError(f"{path}: cannot be read: {error}; {MORE_MEMORY}") from None


def _read_trajectory(
    path: Path, topology_path: Path | str, selection: str, stride: int, elements: Mapping[str, str]
) -> RawTrajectory:
    topology, facts, _ = _with_elements(topology_path, elements)
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give a file, or convert the trajectory in the folder to XTC")
    if not path.is_file():
        raise InputError(f"{path}: no such trajectory; check the path in the dataset's configuration")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the trajectory is empty (0 bytes); fetch or simulate it again")
    chosen = _select(topology, selection, topology_path, facts)
    try:
        with _naming(path):
            stored = _read_frames(path, topology, None if len(chosen) == topology.n_atoms else chosen)
    except AtomCountError as error:
        raise InputError(
            f"{path}: {error.n_atoms} atoms, but topology {topology_path} has {topology.n_atoms}; "
            "give the topology that belongs to this trajectory"
        ) from None
    if not len(stored.positions):
        raise InputError(f"{path}: the trajectory has no frames; fetch or simulate it again")
    positions = stored.positions[::stride]
    bad = ~np.asarray((np.abs(positions) < FILL).all(axis=(1, 2)))
    if bad.any():
        raise InputError(
            f"{path}: {bad.sum()} of {len(bad)} frames contain NaN or infinite coordinates or fill values, "
            f"the first is frame {int(np.argmax(bad)) * stride}; remove these frames or simulate again"
        )
    cell, why_no_cell = usable_cell(positions, None if stored.cell is None else stored.cell[::stride])
    no_time = why_unusable(stored.time)
    numbers = np.arange(len(stored.positions), dtype=np.float64)
    # NetCDF files store single precision.
    time = numbers if no_time or stored.time is None else stored.time.astype(np.float64)
    notes = (*stored.notes, why_no_cell) if why_no_cell else stored.notes
    return RawTrajectory(positions, time[::stride], no_time, cell, notes)


def _read_frames(path: Path, topology: mdtraj.Topology, atoms: NDArray[np.int64] | None) -> StoredFrames:
    """Read all frames; an InputError does not name the file yet."""
    with readable(path) as file:
        suffix = "".join(file.suffixes)
        if suffix not in FormatRegistry.loaders:
            raise InputError(
                f"cannot be read as a trajectory: mdtraj reads no trajectories of the format {suffix!r}; "
                "decompress the file, or convert it to XTC"
            )
        if suffix == ".h5" and path.suffix.lower() in NETCDF:
            raise InputError("the file is NetCDF-4; convert it to NetCDF-3 (nccopy -k nc6 old.nc new.nc)")
        try:
            return read_frames(file, topology, atoms)
        except (AtomCountError, InputError, MemoryError):
            raise
        except ImportError as error:
            raise InputError(
                f"this format needs the package {error.name!r}; install it, or convert the file to XTC"
            ) from None
        except Exception as error:
            # mdtraj's readers raise OSError, ValueError, RuntimeError or types of their own.
            binary = "the file is truncated or corrupt, fetch or simulate it again"
            cure = binary if suffix in BINARY else "correct the file, or convert the trajectory to XTC"
            raise InputError(
                f"cannot be read as a trajectory of {topology.n_atoms} atoms: "
                f"{_reason(error, file, path)}; {cure}"
            ) from None


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the file in InputErrors."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _reason(error: Exception, file: Path, path: Path) -> str:
    """Message of an error of mdtraj, with the name that the user knows."""
    return " ".join((str(error) or type(error).__name__).replace(str(file), str(path)).split())


def write_pdb(path: Path | str, positions: NDArray[np.floating], molecule: Molecule) -> None:
    """Write one geometry [n_atoms, 3] (Å) as PDB, atomically."""
    frame = mdtraj.Trajectory(np.asarray(positions)[None] / ANGSTROM_PER_NM, molecule_to_mdtraj(molecule))
    with atomic_output(path) as temporary:
        frame.save_pdb(str(temporary))


def _select(topology: mdtraj.Topology, selection: str, path: Path | str, facts: Stated) -> NDArray[np.int64]:
    try:
        atoms = np.asarray(topology.select(selection), dtype=np.int64)
    except Exception as error:
        # The selection is compiled to Python, which may raise any exception.
        unknown = [atom.index for atom in topology.atoms if atom.element is None]
        if isinstance(error, AttributeError) and unknown:
            reason = unknown_elements(topology, facts, unknown, path)
            raise InputError(f"selection {selection!r} uses elements or masses: {reason}") from None
        raise InputError(
            f"selection {selection!r} is not valid in mdtraj's atom selection language: {error}; "
            'examples: "all", "protein", "not water"'
        ) from None
    if not len(atoms):
        raise InputError(f"{path}: no atom matches selection {selection!r}; correct the selection")
    return atoms


def _load_topology(path: Path | str) -> tuple[mdtraj.Topology, Stated]:
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such topology; check the path in the dataset's configuration")
    # This process only reads, so that the filter affects nothing else: mdtraj's warnings are about the
    # choices that it makes, of which those that matter are checked here.
    warnings.filterwarnings("ignore", module=r"mdtraj\b")
    with _naming(path), readable(path) as file:
        try:
            topology = mdtraj.load_topology(str(file))
            facts = stated(file, topology)
        except Exception as error:
            # Readers raise types of their own.
            raise InputError(
                f"cannot be read as a topology: {_reason(error, file, path)}; correct the file, or give one "
                "of another format that mdtraj reads (PDB, GRO, PSF, prmtop, mmCIF)"
            ) from None
        if file.suffixes[:1] == [".pdb"]:
            require_all_atoms(file, topology.n_atoms)
        if file.suffix == ".psf":
            restore_psf_residues(topology)
    if topology.n_atoms == 0:
        raise InputError(f"{path}: the topology has no atoms; give another file")
    return topology, facts
