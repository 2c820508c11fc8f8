"""Beads for backmapping, compared with those of the training frames."""

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cgbench.core.errors import InputError
from cgbench.core.wording import counted
from cgbench.data.splits import evenly
from cgbench.methods._bead_ranges import BeadRanges

Beads = NDArray[np.floating]

# Mistakes that are recognised because the beads fit when they are undone.
MISTAKES: dict[str, Callable[[Beads], Beads]] = {
    "multiplied by 10, so they are probably in nm; give Å": lambda beads: beads * 10,
    "multiplied by 0.529, so they are probably in bohr; give Å": lambda beads: beads * 0.529177,
    "in reversed order; give them in the order of the mapping": lambda beads: beads[:, ::-1],
    "as their mirror image; check the signs of the coordinates": lambda beads: -beads,
}
# Largest share of the frames that still differ when the mistake is undone.
LEFT = 0.1
# Where all values are possible, a mistake is suspected in enough frames that are nearer to the training
# frames when it is undone. It is found in the test frames of chignolin, and not suspected there, but four of
# its 96 walkers, taken alone, are nearer to them as mirror images or reversed. Three beads have no mirror
# image, and differ from it by rounding.
ENOUGH_FRAMES, FRAMES_COMPARED, NEARER, LEAST_NEARER = 50, 500, 0.9, 0.02  # the last in Å


def check_beads(beads: Beads, ranges: BeadRanges | None, strict: bool = False) -> None:
    """Compare beads [n_frames, n_beads, 3], Å, with those of the training frames; a difference is a warning.

    Parameters
    ----------
    ranges
        Ranges in the training frames; None if the model file has none.
    strict
        Whether a difference is an error.

    Raises
    ------
    InputError
        If all beads of a frame are at one point; with ``strict``, also for a difference or without ranges.
    """
    extent = np.ptp(beads, axis=1).any(axis=1)
    if beads.shape[1] > 1 and not extent.all():
        raise InputError(
            f"beads: all of frame {int(extent.argmin())} are at one point; give their positions, Å"
        )
    if ranges is None:
        difference = (
            "not compared with training frames, of which the model file has no ranges; train it again"
        )
    else:
        difference = difference_from_training(beads, ranges)
    if difference and strict:
        raise InputError(f"beads: {difference}")
    if difference:
        warnings.warn(f"beads: {difference}", stacklevel=3)


def difference_from_training(beads: Beads, ranges: BeadRanges) -> str:
    """Describe how beads [n_frames, n_beads, 3], Å, differ from those of the training frames.

    Returns
    -------
    str
        Number of frames with a value outside the ranges, the largest difference in the first of them, and
        the probable reason. If there are none, a mistake without which the beads are nearer to the training
        frames, or nothing.
    """
    unlike = ranges.unlike(beads)
    if not unlike.any():
        return _better_fit(beads, ranges)
    first = int(unlike.argmax())
    values = ranges.values(beads[first : first + 1])[0]
    return (
        f"unlike those of the training frames in {int(unlike.sum())} of {counted(len(beads), 'frame')}: in "
        f"frame {first}, {_largest_difference(values, ranges)}; {_reason(beads, unlike, values[0], ranges)}"
    )


def _better_fit(beads: Beads, ranges: BeadRanges) -> str:
    """Describe a mistake without which the beads are nearer to the training frames."""
    if len(beads) < ENOUGH_FRAMES:
        return ""
    some = beads[evenly(np.arange(len(beads)), FRAMES_COMPARED)]
    distance = ranges.distance(some)
    undone = {reason: ranges.distance(undo(some)) for reason, undo in MISTAKES.items()}
    best = min(undone, key=lambda reason: undone[reason])
    if undone[best] > min(NEARER * distance, distance - LEAST_NEARER):
        return ""
    return (
        f"the RMSD from the nearest training frame is {distance:.2f} Å on average; unless these are rare "
        f"conformations, they fit better ({undone[best]:.2f} Å) {best}"
    )


def _largest_difference(values: NDArray[np.float64], ranges: BeadRanges) -> str:
    """Name the value that differs most: a distance, if any does."""
    excess = np.maximum(ranges.low - values, values - ranges.high) * ranges.outside(values)
    n_pairs = len(ranges.pairs)
    distances = excess[1 : n_pairs + 1]
    if distances.any():
        index = 1 + int(distances.argmax())
        first, second = ranges.pairs[index - 1]
        name, unit = f"beads {first} and {second} are", "Å apart"
    elif excess[n_pairs + 1 :].any():
        index = 1 + n_pairs + int(excess[n_pairs + 1 :].argmax())
        corners = ", ".join(map(str, ranges.tetrahedra[index - n_pairs - 1]))
        name, unit = f"the tetrahedron of beads {corners} has the signed volume", "Å³"
    else:
        index, name, unit = 0, "the radius of gyration of the beads is", "Å"
    return (
        f"{name} {values[index]:.2f} {unit} ({ranges.low[index]:.2f} to {ranges.high[index]:.2f} in training)"
    )


def _reason(beads: Beads, unlike: NDArray[np.bool_], gyration: float, ranges: BeadRanges) -> str:
    left = {reason: ranges.unlike(undo(beads)).mean() for reason, undo in MISTAKES.items()}
    best = min(left, key=lambda reason: left[reason])
    if left[best] <= LEFT * unlike.mean():
        return f"they fit {best}"
    if gyration > ranges.high[0] + (ranges.high[0] - ranges.low[0]):
        return (
            "some beads are far from the others, as in molecules cut by the periodic boundary; join them "
            "first (gmx trjconv -pbc whole, cpptraj autoimage)"
        )
    return "check their unit, order and signs; if all are right, training had no such conformations"
