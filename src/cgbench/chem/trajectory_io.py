"""Reading trajectories and writing geometries with mdtraj, in Å."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import mdtraj
import numpy as np
from mdtraj.formats.registry import FormatRegistry
from numpy.typing import NDArray

from cgbench.chem.geometry import in_chunks
from cgbench.chem.mdtraj_topology import molecule_to_mdtraj
from cgbench.chem.molecule import Molecule
from cgbench.chem.topology_io import load_topology, select_atoms, topology_with_elements
from cgbench.core.atomic_io import atomic_output
from cgbench.core.errors import InputError
from cgbench.formats.isolation import naming, read_isolated, reason_for_users
from cgbench.formats.readers import read_frames
from cgbench.formats.recognition import readable
from cgbench.formats.stored_frames import FILL, AtomCountError, StoredFrames, why_unusable
from cgbench.formats.unit_cell import usable_cell
from cgbench.formats.units import ANGSTROM_PER_NM, angstrom

# Formats in which damage is likelier than a mistake of the program or person that wrote the file.
BINARY = frozenset({".xtc", ".trr", ".dcd", ".nc", ".h5", ".lh5"})
NETCDF = frozenset({".nc", ".ncdf", ".netcdf", ".ncrst"})


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


def load_trajectory(
    path: Path | str,
    topology_path: Path | str,
    selection: str = "all",
    stride: int = 1,
    elements: Mapping[str, str] | None = None,
    *,
    isolated: bool = True,
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
        As for :func:`cgbench.chem.topology_io.read_topology`.
    isolated
        Whether to read in a process of its own, because damaged files can crash the readers. It takes longer
        and is not needed for files whose checksum is known.

    Raises
    ------
    InputError
        If the file is missing, empty, truncated or corrupt, has another number of atoms than the
        topology, or contains NaN or infinite coordinates. A file that was truncated between two frames
        is recognised only in formats with a number of frames (DCD, NetCDF).
    """
    arguments = (Path(path), topology_path, selection, stride, elements or {})
    return read_isolated(path, _read_trajectory, *arguments) if isolated else _read_trajectory(*arguments)


def load_first_frame(
    path: Path | str, topology_path: Path | str
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None] | None:
    """Read positions [n_atoms, 3] of all atoms, and the unit cell [3, 3] if there is one, in Å.

    Unlike :func:`load_trajectory`, this needs little memory, and checks nothing. None is returned if mdtraj
    cannot read the file in this way.
    """
    return read_isolated(path, _read_first_frame, Path(path), topology_path)


def _read_first_frame(
    path: Path, topology_path: Path | str
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None] | None:
    topology, _ = load_topology(topology_path)
    with readable(path) as file:
        try:
            frame = mdtraj.load_frame(str(file), 0, top=topology)
        except Exception:
            return None
    positions, cell = angstrom(frame.xyz), frame.unitcell_vectors
    cell, _ = usable_cell(positions, None if cell is None else angstrom(cell))
    return positions[0], None if cell is None else cell[0]


def _read_trajectory(
    path: Path, topology_path: Path | str, selection: str, stride: int, elements: Mapping[str, str]
) -> RawTrajectory:
    if selection == "all":  # elements do not matter, and beads have none
        topology, facts = load_topology(topology_path)
    else:
        topology, facts, _ = topology_with_elements(topology_path, elements)
    require_trajectory(path)
    chosen = select_atoms(topology, selection, topology_path, facts)
    with naming(path), readable(path) as file, reader_errors(path, file, topology_path, topology.n_atoms):
        atoms = None if len(chosen) == topology.n_atoms else chosen
        stored = _read_frames(path, file, topology, atoms, stride)
    positions = stored.positions
    if not len(positions):
        raise InputError(f"{path}: the trajectory has no frames; fetch it or write it again")
    bad = in_chunks(
        lambda rows: ~np.asarray((np.abs(rows) < FILL).all(axis=(1, 2))),
        positions,
        bytes_per_row=2 * positions[0].nbytes,
    )
    if bad.any():
        raise InputError(
            f"{path}: {bad.sum()} of {len(bad)} frames contain NaN or infinite coordinates or fill values, "
            f"the first is frame {int(np.argmax(bad)) * stride}; remove these frames or make them again"
        )
    cell, why_no_cell = usable_cell(positions, stored.cell)
    no_time = why_unusable(stored.time)
    if no_time or stored.time is None:
        time = np.arange(len(positions), dtype=np.float64) * stride
    else:
        time = stored.time[::stride].astype(np.float64)  # NetCDF files store single precision
    notes = (*stored.notes, why_no_cell) if why_no_cell else stored.notes
    return RawTrajectory(positions, time, no_time, cell, notes)


def require_trajectory(path: Path) -> None:
    """Check that a trajectory exists and is not empty; an InputError names it."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give a file, or convert the trajectory in the folder to XTC")
    if not path.is_file():
        raise InputError(f"{path}: no such trajectory; check the path in the dataset's configuration")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the trajectory is empty (0 bytes); fetch it or write it again")


def _read_frames(
    path: Path, file: Path, topology: mdtraj.Topology, atoms: NDArray[np.int64] | None, stride: int
) -> StoredFrames:
    suffix = "".join(file.suffixes)
    if suffix not in FormatRegistry.loaders:
        raise InputError(
            f"cannot be read as a trajectory: mdtraj reads no trajectories of the format {suffix!r}; "
            "decompress the file, or convert it to XTC"
        )
    if suffix == ".h5" and path.suffix.lower() in NETCDF:
        raise InputError("the file is NetCDF-4; convert it to NetCDF-3 (nccopy -k nc6 old.nc new.nc)")
    return read_frames(file, topology, atoms, stride)


@contextmanager
def reader_errors(path: Path, file: Path, topology_path: Path | str, n_atoms: int) -> Iterator[None]:
    """Turn any error of a reader of ``file`` into an InputError, which does not name ``path`` yet."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except AtomCountError as error:
        raise InputError(
            f"{error.n_atoms} atoms, but topology {topology_path} has {n_atoms}; give the topology that "
            "belongs to this trajectory"
        ) from None
    except ImportError as error:
        raise InputError(
            f"this format needs the package {error.name!r}; install it, or convert the file to XTC"
        ) from None
    except Exception as error:
        # mdtraj's readers raise OSError, ValueError, RuntimeError or types of their own.
        binary = "the file is truncated or corrupt, fetch it or write it again"
        cure = binary if file.suffix in BINARY else "correct the file, or convert the trajectory to XTC"
        raise InputError(
            f"cannot be read as a trajectory of {n_atoms} atoms: {reason_for_users(error, file, path)}; "
            f"{cure}"
        ) from None


def write_pdb(
    path: Path | str, positions: NDArray[np.floating], molecule: Molecule, *, chains: bool = False
) -> None:
    """Write a geometry [n_atoms, 3], or several [n_frames, n_atoms, 3] as models (Å), as PDB, atomically.

    With ``chains``, chains that are not bonded to each other are told apart.
    """
    geometries = np.asarray(positions).reshape(-1, molecule.n_atoms, 3) / ANGSTROM_PER_NM
    frames = mdtraj.Trajectory(geometries, molecule_to_mdtraj(molecule, chains=chains))
    with atomic_output(path) as temporary:
        frames.save_pdb(str(temporary))
