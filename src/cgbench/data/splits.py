"""Folds: which frames train, which validate, which test."""

import math
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.autocorrelation import correlation_time
from cgbench.chem.frames import Frames
from cgbench.chem.molecule import IntArray
from cgbench.config.schema import Protocol
from cgbench.core.atomic_io import read_json, write_json
from cgbench.core.errors import InputError
from cgbench.core.safe_io import require

PARTS = ("train", "valid", "test")
VALID_SHARE = 0.15  # of the trajectories, or of each trajectory's frames
MIN_PARTS = 3  # with one or two folds a third is still tested, so that the other parts exist

Parts = dict[str, IntArray]


@dataclass(frozen=True)
class Split:
    """Frame indices of the three parts of one fold, sorted and disjoint.

    Attributes
    ----------
    train, valid, test : int [n]
        Indices into the dataset's frames.
    protocol
        ``leak_free`` or ``published``.
    fold
        Which fold, from 0.
    by
        What is kept apart: ``trajectories``, ``blocks`` (of every trajectory) or ``frames``.
    gap_ps
        Least time between parts within a trajectory, ps; 0 where trajectories are kept apart or
        nothing is.
    correlation_time_ps
        Observables memory of the frames, which the gap is to exceed, ps; None where there is no gap.
    n_frames
        Frames of the dataset, with those that are in no part.
    trajectories
        For each part, the trajectories that its frames come from.
    """

    train: IntArray
    valid: IntArray
    test: IntArray
    n_frames: int
    protocol: str
    fold: int
    by: str
    gap_ps: float
    correlation_time_ps: float | None
    trajectories: dict[str, list[int]]

    def save(self, path: Path | str) -> None:
        """Write as JSON, atomically."""
        facts = {key: value for key, value in vars(self).items() if key not in PARTS}
        write_json(path, facts | {part: getattr(self, part).tolist() for part in PARTS})

    @classmethod
    def load(cls, path: Path | str) -> "Split":
        """Read what :meth:`save` wrote.

        Raises
        ------
        InputError
            If the file is missing or damaged.
        """
        stored = read_json(path)
        try:
            parts = {part: np.asarray(stored.pop(part), dtype=np.int64) for part in PARTS}
            split = cls(parts["train"], parts["valid"], parts["test"], **stored)
            chosen = np.concatenate([split.train, split.valid, split.test])
            require(isinstance(split.n_frames, int), "a number of frames")
            require(((chosen >= 0) & (chosen < split.n_frames)).all(), f"frames below {split.n_frames}")
            require(len(np.unique(chosen)) == len(chosen), "every frame in one part at most")
            return split
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise InputError(f"{path}: not a split ({error}); delete it and run again") from None

    @classmethod
    def load_for(cls, path: Path | str, frames: Frames, frames_path: Path | str) -> "Split":
        """Read a split that is to choose among ``frames``.

        Raises
        ------
        InputError
            As :meth:`load`, or naming both files if the split was made for other frames.
        """
        split = cls.load(path)
        if split.n_frames != len(frames):
            raise InputError(
                f"{path}: made for {split.n_frames} frames, but {frames_path} holds {len(frames)}; give the "
                "frames it was made for, or make it again with `cgbench split`"
            )
        return split


def make_split(frames: Frames, protocol: Protocol, fold: int, seed: int) -> Split:
    """Choose the frames of one fold.

    ``leak_free`` keeps whole trajectories apart if there are at least three: fold k tests those
    whose index leaves k when divided by the number of folds and validates on about 15 % of all
    (at least one), others in every fold. With one or two trajectories, each is cut into contiguous
    blocks with ``gap_ps`` left out at every border, and a warning says what gap would do where frames
    remember each other for longer. ``published`` shuffles frames, as the paper's
    code does, which puts time-correlated neighbours of test frames into training.

    Parameters
    ----------
    seed
        Of the shuffle; ``leak_free`` splits do not depend on it.

    Raises
    ------
    InputError
        If there is no such fold, more folds than can be made, or a part without frames.
    """
    if not 0 <= fold < protocol.folds:
        raise InputError(
            f"fold {fold}: protocol.folds is {protocol.folds}, so folds are 0 to {protocol.folds - 1}"
        )
    n_trajectories = len(np.unique(frames.trajectory))
    memory = None
    if protocol.split == "published":
        by, gap, parts = "frames", 0.0, _shuffled(len(frames), protocol, fold, seed)
    elif n_trajectories >= MIN_PARTS:
        by, gap, parts = "trajectories", 0.0, _by_trajectory(frames, protocol, fold)
    else:
        by, gap, parts = "blocks", protocol.gap_ps, _by_block(frames, protocol, fold)
        memory = _checked_memory(frames, gap)
    for part, indices in parts.items():
        if not len(indices):
            raise InputError(
                f"fold {fold} of {protocol.folds}: no frames are left for {part} ({len(frames)} frames in "
                f"{n_trajectories} trajectories, protocol.gap_ps {protocol.gap_ps}); lower protocol.gap_ps "
                "or protocol.folds, or give more or longer trajectories"
            )
    limits = {part: getattr(protocol, f"{part}_frames") for part in PARTS}
    chosen = {part: evenly(parts[part], limits[part]) for part in PARTS}
    return Split(
        train=chosen["train"],
        valid=chosen["valid"],
        test=chosen["test"],
        n_frames=len(frames),
        protocol=protocol.split,
        fold=fold,
        by=by,
        gap_ps=gap,
        correlation_time_ps=memory,
        trajectories={part: np.unique(frames.trajectory[chosen[part]]).tolist() for part in PARTS},
    )


def _by_trajectory(frames: Frames, protocol: Protocol, fold: int) -> Parts:
    trajectories = np.unique(frames.trajectory)
    n = len(trajectories)
    if protocol.folds > n:
        raise InputError(
            f"protocol.folds is {protocol.folds}, but there are {n} trajectories and each can be tested in "
            f"one fold only; set protocol.folds to at most {n}"
        )
    rank = np.arange(n)
    # How many folds later a trajectory will be tested: 0 is the test part of this fold, and the
    # next to come validate it, which are others in every fold.
    distance = (rank - fold) % max(protocol.folds, MIN_PARTS)
    order = np.lexsort((rank, distance))
    n_test = int((distance == 0).sum())
    n_valid = max(1, round(VALID_SHARE * n))
    groups = np.split(trajectories[order], [n_test, n_test + n_valid])
    return {
        part: np.flatnonzero(np.isin(frames.trajectory, group))
        for part, group in zip(("test", "valid", "train"), groups, strict=True)
    }


def _by_block(frames: Frames, protocol: Protocol, fold: int) -> Parts:
    n_blocks = max(protocol.folds, MIN_PARTS)
    test = (fold / n_blocks, (fold + 1) / n_blocks)
    # Validation follows the test block, and precedes it only where that is the last.
    length = min(VALID_SHARE, 1 / n_blocks)
    valid_start = test[1] if fold < n_blocks - 1 else 0.0
    valid = (valid_start, valid_start + length)
    pieces: dict[str, list[IntArray]] = {part: [] for part in PARTS}
    for trajectory in np.unique(frames.trajectory):
        indices = np.flatnonzero(frames.trajectory == trajectory)
        share = (np.arange(len(indices)) + 0.5) / len(indices)
        part = np.select([_inside(share, test), _inside(share, valid)], [2, 1], default=0)
        kept = _away_from_borders(part, frames.time[indices], protocol.gap_ps)
        for number, name in enumerate(PARTS):
            pieces[name].append(indices[kept & (part == number)])
    return {part: np.concatenate(arrays) for part, arrays in pieces.items()}


def _checked_memory(frames: Frames, gap_ps: float) -> float:
    """Measure the correlation time, ps, and warn where it reaches across the gap."""
    memory = correlation_time(frames)
    if gap_ps < memory.ps:
        warnings.warn(
            f"protocol.gap_ps is {gap_ps:g}, but frames remember each other for "
            f"{'at least ' if memory.lower_bound else ''}{memory.ps:.3g} ps: parts of this split are "
            "correlated, and scores flatter what recalls frames; set protocol.gap_ps to "
            f"{math.floor(memory.ps) + 1} or more, or give three or more independent trajectories",
            stacklevel=3,
        )
    return float(f"{memory.ps:.3g}")


def _inside(share: NDArray[np.float64], interval: tuple[float, float]) -> NDArray[np.bool_]:
    return (interval[0] <= share) & (share < interval[1])


def _away_from_borders(part: IntArray, time: NDArray[np.float64], gap_ps: float) -> NDArray[np.bool_]:
    """Mask of the frames that are at least half a gap away from every border between parts."""
    before = np.flatnonzero(np.diff(part))
    borders = (time[before] + time[before + 1]) / 2
    distance = np.abs(time[:, None] - borders).min(axis=1, initial=np.inf)
    return np.asarray(distance >= gap_ps / 2)


def _shuffled(n_frames: int, protocol: Protocol, fold: int, seed: int) -> Parts:
    n_blocks = max(protocol.folds, MIN_PARTS)
    if n_frames < n_blocks:
        raise InputError(
            f"protocol.folds is {protocol.folds}, but there are {n_frames} frames; lower protocol.folds"
        )
    blocks = np.array_split(np.random.default_rng(seed).permutation(n_frames), n_blocks)
    test = blocks.pop(fold)
    rest = np.concatenate(blocks)
    n_valid = max(1, round(VALID_SHARE * len(rest)))
    return {"train": rest[n_valid:], "valid": rest[:n_valid], "test": test}


def evenly(indices: IntArray, limit: int) -> IntArray:
    """At most ``limit`` of the indices, evenly spaced, sorted."""
    count = min(limit, len(indices))
    return np.sort(indices[np.linspace(0, len(indices) - 1, count).round().astype(np.int64)])
