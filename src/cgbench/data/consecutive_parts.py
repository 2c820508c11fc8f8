"""Trajectories that look like consecutive parts of one run, though they are given as independent ones."""

from collections.abc import Callable, Sequence

import numpy as np

from cgbench.chem.frames import Frames
from cgbench.chem.geometry import in_chunks
from cgbench.chem.molecule import IntArray
from cgbench.data.repeated_frames import Floats, as_lists, fixed_distances

SHOWN = 3  # pairs of trajectories in a warning
NEXT = 1.5  # intervals between frames within which a part continues another
CLOSE = 2.0  # times the usual change between neighbouring frames
SLOW = 3.0  # times this change between other frames: neighbours can be told by their positions
MAX_ATOMS = 32  # evenly spaced atoms of which positions are compared


def consecutive_parts(frames: Frames, files: Sequence[str]) -> list[str]:
    """Warn of trajectories that begin where another one ends.

    A trajectory continues another one if it begins one interval after its end, and the geometries there
    are as similar as neighbouring frames are, in position or in shape. A trajectory also does so if it begins
    within the time of the other one, or at the same time as it (as in formats without time), and of all the
    positions of the other one only those at this time, or the last ones, are as near: a molecule drifts and
    turns continuously, and large ones slowly enough to be recognised. Positions are no sign where others
    that begin at the same time also begin near there, as walkers from one structure do.

    Parameters
    ----------
    files
        Name of each trajectory in messages.

    Returns
    -------
    warnings
        One at most.
    """
    members = [np.flatnonzero(frames.trajectory == number) for number in np.unique(frames.trajectory)]
    members = [rows for rows in members if len(rows) > 2]
    if len(members) < 2:
        return []
    n_atoms = frames.molecule.n_atoms
    atoms = np.linspace(0, n_atoms - 1, min(MAX_ATOMS, n_atoms)).astype(np.int64)
    shapes = fixed_distances(frames)
    if not shapes.shape[1]:
        return []

    def points(rows: IntArray | np.integer) -> Floats:
        return frames.positions[rows][..., atoms, :].reshape(*np.shape(rows), -1)

    def distances(rows: IntArray | np.integer) -> Floats:
        return np.asarray(shapes[rows])

    def differences(of: Callable[[IntArray], Floats], rows: IntArray, others: IntArray) -> Floats:
        return in_chunks(
            lambda pairs: _difference(of(pairs[:, 0]), of(pairs[:, 1])),
            np.stack([rows, others], axis=1),
            bytes_per_row=16 * 3 * MAX_ATOMS,
        )

    moved, deformed = (
        np.array([np.median(differences(of, rows[1:], rows[:-1])) for rows in members])
        for of in (points, distances)
    )
    start, end = (np.array([frames.time[rows[place]] for rows in members]) for place in (0, -1))
    interval = np.array([np.median(np.diff(frames.time[rows])) for rows in members])
    first, last = (points(np.array([rows[place] for rows in members])) for place in (0, -1))
    found = []
    for number, begin in enumerate(rows[0] for rows in members):
        later = (start < start[number]) & (start[number] <= end + NEXT * interval)
        # Most of many trajectories are left out here, without a look at their frames.
        together = (start == start[number]) & (_difference(last, points(begin)) < CLOSE * moved)
        candidates = []
        for other in np.flatnonzero(later | together).tolist():
            rows = members[other]
            place = int(np.abs(frames.time[rows] - start[number]).argmin()) if later[other] else len(rows) - 1
            apart = float(_difference(points(rows[place]), points(begin)))
            alike = apart < CLOSE * moved[other]
            if end[other] < start[number]:
                alike |= bool(_difference(shapes[rows[place]], shapes[begin]) < CLOSE * deformed[other])
            elif alike:
                others = differences(points, rows, np.full(len(rows), begin))
                alike = abs(int(others.argmin()) - place) <= 1 and np.median(others) > SLOW * moved[other]
                if together[other]:
                    starts = _difference(np.delete(first, [number, other], axis=0), first[number])
                    alike &= starts.min(initial=np.inf) > SLOW * moved[other]
            if alike and other != number:
                candidates.append((apart, other))
        if candidates:
            rows = members[min(candidates)[1]]
            found.append((int(frames.trajectory[rows[0]]), int(frames.trajectory[begin])))
    if not found:
        return []
    described = ", ".join(f"{files[other]} by {files[number]}" for other, number in found[:SHOWN])
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return [
        f"trajectories look as if they were continued by others: {described}{more}. Parts of one run are not "
        "independent, so that test frames would have neighbours in time in the training part; give them as "
        f"one trajectory, a list in the list: {as_lists(found, files)}"
    ]


def _difference(values: Floats, others: Floats) -> Floats:
    """Root mean square difference [...] between coordinates or distances [..., n], Å."""
    return np.asarray(np.sqrt(np.mean((values - others) ** 2, axis=-1)))
