"""Frames as a trajectory file stores them, and whether the stored time can be used."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NO_TIME = "the file or its format holds no time of frames"
# Above any coordinate, length or time; NetCDF fills what was never written with 9.97e36.
FILL = 1e30


class StoredFrames(NamedTuple):
    """Content of a trajectory file of which every ``stride``-th frame is kept.

    Attributes
    ----------
    positions : float32 [n_kept, n_atoms, 3]
        Å.
    time : float [n_frames] or None
        Of all frames, ps; None if the file stores no time.
    cell : float32 [n_kept, 3, 3] or None
        Vectors of the unit cell in rows, Å.
    notes
        What was left out or converted, one sentence each.
    """

    positions: NDArray[np.float32]
    time: NDArray[np.float64] | None
    cell: NDArray[np.float32] | None
    notes: tuple[str, ...] = ()


class AtomCountError(Exception):
    """The file has another number of atoms than the topology.

    Attributes
    ----------
    n_atoms
        Number of atoms in the file.
    """

    def __init__(self, n_atoms: int) -> None:
        super().__init__(f"{n_atoms} atoms")
        self.n_atoms = n_atoms


def why_unusable(time: NDArray[np.float64] | None) -> str:
    """Reason why the time [n_frames] of frames in ps cannot be used, or an empty string if it can.

    A time that decreases is accepted here: it has several causes, among them joined files.
    """
    if time is None:
        return NO_TIME
    if not (np.abs(time) < FILL).all():
        return "the time of frames is not a number, or was never written (fill value)"
    steps = np.diff(time)
    if len(steps) and not steps.any():
        return f"the time of all {len(time)} frames is {time[0]:g} ps"
    latest = np.abs(time).max()
    resolution = float(np.spacing(np.float32(latest)))
    if (steps == 0).any() and (steps >= 0).all() and np.median(steps[steps > 0]) <= 2 * resolution:
        return (
            f"frames share a time, because its resolution in the file is {resolution:g} ps at {latest:g} ps"
        )
    return ""
