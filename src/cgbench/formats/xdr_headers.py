"""Headers of the frames in XTC and TRR files, read without the coordinates.

mdtraj allocates memory for the number of atoms in the first frame and leaves what a later frame lacks
uninitialised: positions and unit cell of TRR frames that hold velocities only, and atoms of smaller frames.
"""

import mmap
import struct
from array import array
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cgbench.core.errors import InputError

XTC_MAGIC, XTC_MAGIC_LARGE, TRR_MAGIC = 1995, 2023, 1993
# Up to this number of atoms, XTC stores coordinates as they are.
XTC_UNCOMPRESSED = 9

Frame = tuple[int, int, bool, bool]


class FrameHeaders(NamedTuple):
    """Headers of all frames.

    Attributes
    ----------
    n_atoms : int [n_frames]
        Number of atoms.
    has_positions, has_cell : bool [n_frames]
        Whether the frame holds positions and vectors of the unit cell.
    """

    n_atoms: NDArray[np.int64]
    has_positions: NDArray[np.bool_]
    has_cell: NDArray[np.bool_]


def read_headers(path: Path) -> FrameHeaders:
    """Read the headers of an XTC or TRR file, which the suffix tells apart.

    Raises
    ------
    InputError
        If the file is of another format.
    ValueError
        If the last frame is incomplete, or a frame is damaged.
    """
    measure = _xtc_frame if path.suffix == ".xtc" else _trr_frame
    # Millions of frames would take much memory as Python objects.
    n_atoms, has_positions, has_cell = array("q"), array("b"), array("b")
    with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = 0
        while start < len(content):
            try:
                size, *facts = measure(content, start)
            except struct.error:
                raise ValueError(f"frame {len(n_atoms)} is incomplete") from None
            for column, value in zip((n_atoms, has_positions, has_cell), facts, strict=True):
                column.append(value)
            start += size
        if start > len(content):
            raise ValueError(f"frame {len(n_atoms) - 1} is incomplete")
    return FrameHeaders(np.array(n_atoms), np.array(has_positions, bool), np.array(has_cell, bool))


def _xtc_frame(content: mmap.mmap, start: int) -> Frame:
    """Size in bytes, number of atoms, and whether there are positions and a cell."""
    magic, n_atoms = struct.unpack_from(">2I", content, start)
    if magic == XTC_MAGIC_LARGE:
        raise InputError("XTC of more than 298 million atoms; write fewer atoms (gmx trjconv)")
    _require_magic(magic, XTC_MAGIC, start)
    if n_atoms <= XTC_UNCOMPRESSED:
        return 56 + 12 * n_atoms, n_atoms, True, True
    (n_bytes,) = struct.unpack_from(">I", content, start + 88)
    return 92 + n_bytes + -n_bytes % 4, n_atoms, True, True


def _trr_frame(content: mmap.mmap, start: int) -> Frame:
    """Size in bytes, number of atoms, and whether there are positions and a cell."""
    (magic,) = struct.unpack_from(">I", content, start)
    _require_magic(magic, TRR_MAGIC, start)
    sizes = struct.unpack_from(">10I", content, start + 24)
    (n_atoms,) = struct.unpack_from(">I", content, start + 64)
    cell, positions, velocities, forces = sizes[2], *sizes[7:]
    n_numbers = 9 if cell else 3 * n_atoms
    precision = (cell or positions or velocities or forces) // max(n_numbers, 1)
    if precision not in (4, 8):
        raise ValueError(f"the frame at byte {start} has numbers of {precision} bytes")
    return 76 + 2 * precision + sum(sizes), n_atoms, positions > 0, cell > 0


def _require_magic(magic: int, expected: int, start: int) -> None:
    if magic == expected:
        return
    if start == 0:
        raise InputError(
            "the file does not begin as its format does; fetch it again, or correct the suffix of its name"
        )
    raise ValueError(f"there is no frame at byte {start}, where one should begin")
