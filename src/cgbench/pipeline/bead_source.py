"""Beads in files: positions frame by frame, and names."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.atom_matching import AtomLabel, read_labels
from cgbench.chem.frame_stream import FrameStream
from cgbench.core.errors import InputError
from cgbench.core.safe_io import opened_arrays, require


@dataclass(frozen=True)
class BeadSource:
    """Beads to backmap.

    Attributes
    ----------
    frames
        Their positions.
    labels
        Residues and names of the beads; None if the file has none.
    """

    frames: FrameStream
    labels: list[AtomLabel] | None = None


def open_beads(path: Path | str, topology_path: Path | str | None = None) -> BeadSource:
    """Open a file of beads.

    Parameters
    ----------
    path
        ``.npy`` in Å, [n_beads, 3] or [n_frames, n_beads, 3], or a trajectory of any format that mdtraj
        reads, with one atom per bead.
    topology_path
        Names and residues of the beads; not needed for ``.npy``, nor if ``path`` has them (PDB, GRO).

    Raises
    ------
    InputError
        If a file is missing, damaged, empty or of another shape, or holds NaN or infinite values.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; check the path")
    if path.suffix == ".npy":
        return BeadSource(
            FrameStream.of(read_beads(path)), read_labels(topology_path) if topology_path else None
        )
    if topology_path is None and path.suffix not in (".pdb", ".gro", ".cif"):
        raise InputError(
            f"{path}: has no names of beads; give --topology, a PDB or GRO file with one atom per bead"
        )
    topology_path = topology_path or path
    return BeadSource(FrameStream.open(path, topology_path), read_labels(topology_path))


def read_beads(path: Path | str) -> NDArray[np.float32]:
    """Read bead positions [n_frames, n_beads, 3], Å, from a ``.npy`` file.

    Raises
    ------
    InputError
        If the file is missing, damaged, empty or of another shape, or holds NaN or infinite values.
    """
    path = Path(path)
    with opened_arrays(path, "a numpy array", "check the path", "write it with numpy.save") as beads:
        require(isinstance(beads, np.ndarray), "one array")
    if beads.ndim not in (2, 3) or beads.shape[-1] != 3 or beads.dtype.kind != "f":
        raise InputError(
            f"{path}: shape {beads.shape} of {beads.dtype}; beads are floats [n_frames, n_beads, 3] in Å"
        )
    require_positions(beads, str(path))
    return np.asarray(beads, dtype=np.float32).reshape(-1, *beads.shape[-2:])


def require_positions(beads: NDArray[np.floating], where: str) -> None:
    """Check that there are beads and that all positions are finite; the message begins with ``where``."""
    if not beads.size:
        raise InputError(f"{where}: no frames or no beads (shape {beads.shape}); give at least one of each")
    if not np.isfinite(beads).all():
        raise InputError(f"{where}: contains NaN or infinite positions; leave those frames out")
