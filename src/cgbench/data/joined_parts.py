"""Consecutive parts of one run, joined to one trajectory without the frames that are repeated."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cgbench.chem.trajectory_io import RawTrajectory
from cgbench.core.errors import InputError


def join_parts(
    parts: Sequence[RawTrajectory], files: Sequence[str], use_times: bool
) -> tuple[RawTrajectory, str]:
    """Join parts of one run.

    Parameters
    ----------
    files
        Name of each part.
    use_times
        Whether the times in the files decide: parts are then sorted by their first time, and each replaces
        the frames of earlier ones from there on. Otherwise parts are in their order, and frames at the
        beginning of one that equal those at the end of the one before are dropped.

    Returns
    -------
    joined
        With a unit cell only if every part has one.
    note
        What was done.

    Raises
    ------
    InputError
        If ``use_times`` and two parts begin at the same time.
    """
    order = list(range(len(parts)))
    if use_times:
        order.sort(key=lambda number: parts[number].time[0])
    kept: list[tuple[RawTrajectory, slice]] = []
    for number in order:
        part = parts[number]
        if use_times and kept:
            previous = kept[-1][0]
            if previous.time[0] == part.time[0]:
                raise InputError(
                    f"{files[number]}: begins at {part.time[0]:g} ps like another part of its list in "
                    "`trajectories`, so that they are not consecutive; leave out copies, and set "
                    "frame_interval_ps if the times in the files are wrong"
                )
            if part.time[-1] <= previous.time[-1]:
                continue  # within the previous part
            kept[-1] = previous, slice(0, int(np.searchsorted(previous.time, part.time[0])))
        kept.append((part, slice(0 if use_times or not kept else _repeated(kept[-1][0], part), None)))
    cells = [part.cell[rows] for part, rows in kept if part.cell is not None]
    joined = replace(
        kept[0][0],
        positions=np.concatenate([part.positions[rows] for part, rows in kept]),
        time=np.concatenate([part.time[rows] for part, rows in kept]),
        timed=all(part.timed for part in parts),
        cell=np.concatenate(cells) if len(cells) == len(kept) else None,
    )
    n_dropped = sum(len(part.time) for part in parts) - len(joined.time)
    names = ", ".join(files[number] for number in order)
    return joined, f"{names}: joined in this order to one trajectory without {n_dropped} repeated frames"


def _repeated(before: RawTrajectory, part: RawTrajectory) -> int:
    """Count the frames at the beginning of a part that equal those at the end of the one before."""
    for first in np.flatnonzero((before.positions == part.positions[0]).all(axis=(1, 2))).tolist():
        end = before.positions[first:]
        if np.array_equal(end, part.positions[: len(end)]):
            return len(end)
    return 0
