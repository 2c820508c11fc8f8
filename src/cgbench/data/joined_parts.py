"""Consecutive parts of one run, joined to one trajectory without the frames that are repeated."""

from collections.abc import Sequence

import numpy as np

from cgbench.chem.trajectory_io import RawTrajectory
from cgbench.core.errors import InputError


def join_parts(
    parts: Sequence[RawTrajectory], files: Sequence[str], use_times: bool, stride: int = 1
) -> RawTrajectory:
    """Join parts of one run, and keep every ``stride``-th frame.

    Parameters
    ----------
    use_times
        Whether the times in the files decide: parts are then sorted by their first time, and each replaces
        the frames of earlier ones from there on. Otherwise parts are in their order, and frames at the
        beginning of one that equal those at the end of the one before are dropped.

    Returns
    -------
    RawTrajectory
        With a unit cell only if every part has one. The first of its notes says what was done.

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
    lengths = [len(part.time[rows]) for part, rows in kept]
    n_dropped = sum(len(part.time) for part in parts) - sum(lengths)
    begins = np.cumsum([0, *lengths[:-1]])
    kept = [
        (part, slice((rows.start or 0) + -begin % stride, rows.stop, stride))
        for (part, rows), begin in zip(kept, begins.tolist(), strict=True)
    ]
    cells = [part.cell[rows] for part, rows in kept if part.cell is not None]
    in_order = order == sorted(order)
    how = "this order" if in_order else f"the order {', '.join(files[number] for number in order)}"
    notes = [f"joined in {how} to one trajectory, without {n_dropped} repeated frames"]
    notes += [f"{file}: {note}" for file, part in zip(files, parts, strict=True) for note in part.notes]
    return RawTrajectory(
        positions=np.concatenate([part.positions[rows] for part, rows in kept]),
        time=np.concatenate([part.time[rows] for part, rows in kept]),
        no_time=next((part.no_time for part in parts if part.no_time), ""),
        cell=np.concatenate(cells) if len(cells) == len(kept) else None,
        notes=tuple(notes),
    )


def _repeated(before: RawTrajectory, part: RawTrajectory) -> int:
    """Count the frames at the beginning of a part that equal those at the end of the one before."""
    for first in np.flatnonzero((before.positions == part.positions[0]).all(axis=(1, 2))).tolist():
        end = before.positions[first:]
        if np.array_equal(end, part.positions[: len(end)]):
            return len(end)
    return 0
