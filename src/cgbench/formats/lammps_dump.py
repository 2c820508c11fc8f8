"""Text dumps of LAMMPS, with the conversions that mdtraj's reader lacks.

https://docs.lammps.org/dump.html defines the format.
"""

from itertools import islice
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from cgbench.core.errors import InputError
from cgbench.formats.stored_frames import AtomCountError, StoredFrames

# Names of the coordinates, and whether they are fractions of the box. The first that is complete is read.
STYLES = {
    ("x", "y", "z"): False,
    ("xu", "yu", "zu"): False,
    ("xs", "ys", "zs"): True,
    ("xsu", "ysu", "zsu"): True,
}
# Unit styles of LAMMPS with lengths in Å.
ANGSTROM_UNITS = ("real", "metal")
# Along a direction without periodicity, nearest images are the atoms themselves if the cell is longer than
# twice the box.
STRETCH = 3.0


class Box(NamedTuple):
    """Box of one frame: origin [3] and vectors [3, 3] in rows, Å, and its periodic directions [3]."""

    origin: NDArray[np.float64]
    vectors: NDArray[np.float64]
    periodic: NDArray[np.bool_]


def read_lammps_dump(
    path: Path, n_atoms: int, atoms: NDArray[np.int64] | None = None, stride: int = 1
) -> StoredFrames:
    """Read a dump; atoms are sorted by their ``id``, and scaled coordinates are multiplied by the box.

    Parameters
    ----------
    n_atoms
        Number of atoms that every frame must have.
    atoms : int [n_selected], optional
        Atoms to keep; all by default.
    stride
        Keep every ``stride``-th frame.

    Raises
    ------
    AtomCountError
        If a frame has another number of atoms.
    InputError
        If positions cannot be known in Å, or not for every atom.
    ValueError
        If the file does not have the format of a dump.
    """
    kept: list[NDArray[np.float32]] = []
    boxes: list[Box] = []
    first_ids: NDArray[np.float64] | None = None
    box: Box | None = None
    with path.open(encoding="utf-8", errors="replace") as handle:
        for line in handle:
            if line.startswith("ITEM: TIME"):  # TIMESTEP, or the time in units of LAMMPS
                next(handle, "")
            elif line.startswith("ITEM: UNITS"):
                _require_angstrom(next(handle, "").strip())
            elif line.startswith("ITEM: NUMBER OF ATOMS"):
                stored = int(next(handle, ""))
                if stored != n_atoms:
                    raise AtomCountError(stored)
            elif line.startswith("ITEM: BOX BOUNDS"):
                box = _read_box(line, handle)
            elif line.startswith("ITEM: ATOMS") and box is not None:
                try:
                    ids, positions = _read_atoms(line.split()[2:], handle, n_atoms, box)
                except ValueError as error:
                    raise type(error)(f"frame {len(boxes)}: {error}") from None
                first_ids = ids if first_ids is None else first_ids
                if not np.array_equal(ids, first_ids):
                    raise InputError(
                        f"frame {len(boxes)} has other atoms than frame 0; dump the same atoms in all frames"
                    )
                if len(boxes) % stride == 0:
                    kept.append(positions if atoms is None else positions[atoms])
                boxes.append(box)
            elif line.strip():
                raise ValueError(f"{line.strip()!r} is not a line of a LAMMPS dump in text form")
    if not boxes:
        raise ValueError("there is no section ITEM: ATOMS")
    periodic = np.array([box.periodic for box in boxes])
    cell = np.array([box.vectors for box in boxes], dtype=np.float32)
    cell *= np.where(periodic, 1.0, STRETCH)[:, :, None].astype(np.float32)
    return StoredFrames(np.stack(kept), None, cell[::stride] if periodic.any(axis=1).all() else None)


def _require_angstrom(units: str) -> None:
    if units not in ANGSTROM_UNITS:
        raise InputError(
            f"the units are {units!r}; give a dump with lengths in Å (units {' or '.join(ANGSTROM_UNITS)})"
        )


def _read_box(header: str, handle: TextIO) -> Box:
    words = header.split()[3:]
    triclinic = words[:3] == ["xy", "xz", "yz"]
    flags = words[3:] if triclinic else words
    if words[:1] == ["abc"]:
        raise InputError("the box is that of a general triclinic cell; dump with `triclinic/general no`")
    bounds = np.array([next(handle, "").split() for _ in range(3)], dtype=np.float64)
    xy, xz, yz = bounds[:, 2] if triclinic else np.zeros(3)
    # The bounds enclose a tilted box; its origin and vectors follow from them.
    low = bounds[:, 0] - [min(0.0, xy, xz, xy + xz), min(0.0, yz), 0.0]
    high = bounds[:, 1] - [max(0.0, xy, xz, xy + xz), max(0.0, yz), 0.0]
    vectors = np.diag(high - low)
    vectors[1, 0], vectors[2, 0], vectors[2, 1] = xy, xz, yz
    # Dumps of old versions have no flags; their boxes are periodic.
    return Box(low, vectors, np.array([flag == "pp" for flag in flags or ["pp"] * 3]))


def _read_atoms(
    columns: list[str], handle: TextIO, n_atoms: int, box: Box
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Sorted ids [n_atoms], and positions [n_atoms, 3] in their order, Å."""
    style = next((names for names in STYLES if {"id", *names} <= set(columns)), None)
    if style is None:
        raise InputError(
            f"the columns of atoms are {' '.join(columns)}; dump coordinates (x y z, xu yu zu, xs ys zs or "
            "xsu ysu zsu) and id, because LAMMPS changes the order of atoms"
        )
    rows = list(islice(handle, n_atoms))
    table = np.loadtxt(rows, usecols=[columns.index(name) for name in ("id", *style)], ndmin=2)
    if len(table) < n_atoms:
        raise ValueError(f"it is incomplete, {len(table)} of {n_atoms} atoms")
    table = table[np.argsort(table[:, 0], kind="stable")]
    ids, coordinates = table[:, 0], table[:, 1:]
    if (np.diff(ids) == 0).any():
        raise ValueError("several atoms have one id")
    positions = box.origin + coordinates @ box.vectors if STYLES[style] else coordinates
    return ids, positions.astype(np.float32)
