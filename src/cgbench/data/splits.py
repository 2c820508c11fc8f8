"""Folds: splits of frames into training, validation and test parts."""

import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.autocorrelation import correlation_time
from cgbench.chem.frames import Frames
from cgbench.chem.molecule import IntArray
from cgbench.config.schema import Protocol
from cgbench.core.atomic_io import read_json, write_json
from cgbench.core.errors import InputError
from cgbench.core.safe_io import require
from cgbench.core.wording import counted

PARTS = ("train", "valid", "test")
VALID_FRACTION = 0.15  # of the trajectories, or of the frames of each trajectory
MIN_PARTS = 3  # one or two folds use a third of the frames for tests as well

Parts = dict[str, IntArray]


@dataclass(frozen=True)
class Split:
    """Frame indices of the three parts of one fold, sorted and disjoint.

    Attributes
    ----------
    train, valid, test : int [n]
        Indices into the dataset's frames.
    protocol
        Value of ``protocol.split``: ``leak_free`` or ``published``.
    fold
        Index of the fold, from 0.
    by
        Unit of the split: ``trajectories``, ``blocks`` (of every trajectory) or ``frames``.
    gap_ps
        Smallest time between parts within a trajectory, ps; 0 for splits by trajectory or by frame.
    correlation_time_ps
        Correlation time of the frames, which the gap should exceed, ps; None if there is no gap.
    n_frames
        Number of frames of the dataset, including those in no part.
    trajectories
        Trajectories of the frames of each part.
    settings
        Section ``protocol`` of the configuration, without the number of samples.
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
    settings: dict[str, Any]

    def save(self, path: Path | str) -> None:
        """Write as JSON, atomically."""
        metadata = {key: value for key, value in vars(self).items() if key not in PARTS}
        write_json(path, metadata | {part: getattr(self, part).tolist() for part in PARTS})

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
            require(isinstance(split.n_frames, int), "n_frames to be an integer")
            require(
                ((chosen >= 0) & (chosen < split.n_frames)).all(),
                f"train, valid and test to have frames below {split.n_frames}",
            )
            require(len(np.unique(chosen)) == len(chosen), "train, valid and test to share no frame")
            return split
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise InputError(f"{path}: not a split ({error}); delete it and run again") from None

    @classmethod
    def load_for(cls, path: Path | str, frames: Frames, frames_path: Path | str) -> "Split":
        """Read a split of ``frames``.

        Raises
        ------
        InputError
            As in :meth:`load`, or if the split belongs to other frames.
        """
        split = cls.load(path)
        if split.n_frames != len(frames):
            raise InputError(
                f"{path}: made for {split.n_frames} frames, but {frames_path} holds {len(frames)}; give the "
                "frames it was made for, or repeat `cgbench split`"
            )
        return split


def make_split(frames: Frames, protocol: Protocol, fold: int, seed: int) -> Split:
    """Split the frames for one fold.

    ``leak_free`` keeps whole trajectories apart if there are at least three: fold k tests the
    trajectories with index k modulo the number of folds, and validates on about 15 % of all (at least
    one), which differ between folds. One or two trajectories are cut into contiguous blocks with
    ``gap_ps`` left out at every border; a warning is given if the correlation time exceeds the gap.
    ``published`` shuffles frames, as the code of the paper does, so that test frames have
    time-correlated neighbours among the training frames.

    Parameters
    ----------
    seed
        Seed of the shuffle; ``leak_free`` splits do not depend on it.

    Raises
    ------
    InputError
        If there is no such fold, there are too many folds, or a part has no frames.
    """
    if not 0 <= fold < protocol.folds:
        raise InputError(
            f"fold {fold}: protocol.folds is {protocol.folds}, so folds are 0 to {protocol.folds - 1}"
        )
    n_trajectories = len(np.unique(frames.trajectory))
    time_ps = None
    if protocol.split == "published":
        by, gap, parts = "frames", 0.0, _shuffled(len(frames), protocol, fold, seed)
    elif n_trajectories >= MIN_PARTS:
        by, gap, parts = "trajectories", 0.0, _by_trajectory(frames, protocol, fold)
    else:
        by, gap, parts = "blocks", protocol.gap_ps, _by_block(frames, protocol, fold)
        time_ps = _checked_correlation_time(frames, gap)
    for part, indices in parts.items():
        if not len(indices):
            raise InputError(
                f"fold {fold} of {protocol.folds}: no frames are left for {part} "
                f"({counted(len(frames), 'frame')} in "
                f"{counted(n_trajectories, 'trajectory', 'trajectories')}, protocol.gap_ps "
                f"{protocol.gap_ps}); lower protocol.gap_ps or protocol.folds, or give more or longer "
                "trajectories"
            )
    chosen = {part: evenly(parts[part], getattr(protocol, f"{part}_frames")) for part in PARTS}
    return Split(
        **chosen,
        n_frames=len(frames),
        protocol=protocol.split,
        fold=fold,
        by=by,
        gap_ps=gap,
        correlation_time_ps=time_ps,
        trajectories={part: np.unique(frames.trajectory[chosen[part]]).tolist() for part in PARTS},
        settings=protocol.model_dump(exclude={"n_samples"}),
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
    # Number of folds until a trajectory is tested: those with 0 are tested in this fold, and the next
    # ones validate it, so that each fold has different ones.
    distance = (rank - fold) % max(protocol.folds, MIN_PARTS)
    order = np.lexsort((rank, distance))
    n_test = int((distance == 0).sum())
    n_valid = max(1, round(VALID_FRACTION * n))
    groups = np.split(trajectories[order], [n_test, n_test + n_valid])
    return {
        part: np.flatnonzero(np.isin(frames.trajectory, group))
        for part, group in zip(("test", "valid", "train"), groups, strict=True)
    }


def _by_block(frames: Frames, protocol: Protocol, fold: int) -> Parts:
    n_blocks = max(protocol.folds, MIN_PARTS)
    test = (fold / n_blocks, (fold + 1) / n_blocks)
    # The validation block follows the test block; in the last fold it is the first block.
    length = min(VALID_FRACTION, 1 / n_blocks)
    valid_start = test[1] if fold < n_blocks - 1 else 0.0
    valid = (valid_start, valid_start + length)
    pieces: dict[str, list[IntArray]] = {part: [] for part in PARTS}
    for trajectory in np.unique(frames.trajectory):
        indices = np.flatnonzero(frames.trajectory == trajectory)
        place = (np.arange(len(indices)) + 0.5) / len(indices)
        in_test, in_valid = ((low <= place) & (place < high) for low, high in (test, valid))
        part = np.select([in_test, in_valid], [2, 1], default=0)
        kept = _away_from_borders(part, frames.time[indices], protocol.gap_ps)
        for number, name in enumerate(PARTS):
            pieces[name].append(indices[kept & (part == number)])
    return {part: np.concatenate(arrays) for part, arrays in pieces.items()}


def _checked_correlation_time(frames: Frames, gap_ps: float) -> float:
    """Measure the correlation time, ps, and warn if it exceeds the gap."""
    measured = correlation_time(frames)
    if gap_ps < measured.ps:
        warnings.warn(
            f"protocol.gap_ps is {gap_ps:g}, but the correlation time of the frames is "
            f"{'at least ' if measured.lower_bound else ''}{measured.ps:.3g} ps: the parts of this split are "
            "correlated, and scores favour methods that reproduce training frames; set protocol.gap_ps to "
            f"{math.floor(measured.ps) + 1} or more, or give three or more independent trajectories",
            stacklevel=3,
        )
    return float(f"{measured.ps:.3g}")


def _away_from_borders(part: IntArray, time: NDArray[np.float64], gap_ps: float) -> NDArray[np.bool_]:
    """Select the frames that are at least half a gap away from every border between parts."""
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
    n_valid = max(1, round(VALID_FRACTION * len(rest)))
    return {"train": rest[n_valid:], "valid": rest[:n_valid], "test": test}


def evenly(indices: IntArray, limit: int) -> IntArray:
    """Choose at most ``limit`` of the indices, evenly spaced and sorted."""
    count = min(limit, len(indices))
    return np.sort(indices[np.linspace(0, len(indices) - 1, count).round().astype(np.int64)])
