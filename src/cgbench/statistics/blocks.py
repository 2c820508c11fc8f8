"""Blocks of test frames that count as independent, for error bars."""

import numpy as np

from cgbench.chem.autocorrelation import correlation_time
from cgbench.chem.frames import Frames
from cgbench.chem.molecule import IntArray

MIN_CORRELATION_TIMES = 5.0  # that a block lasts
MAX_BLOCKS = 20  # enough for a jackknife, and few enough to store their sums


def independent_blocks(frames: Frames, index: IntArray) -> IntArray:
    """Assign frames to blocks.

    Several trajectories are blocks, grouped with their neighbours into at most twenty. One trajectory is cut
    into at most twenty blocks of equal time, each at least five correlation times long; a trajectory that is
    too short for two blocks is one block.

    Parameters
    ----------
    frames
        All frames of the dataset, which determine the correlation time.
    index : int [n]
        Frames to assign, at least one.

    Returns
    -------
    int [n]
        Block of each frame, 0 to n_blocks − 1, none of them empty.
    """
    trajectories, block = np.unique(frames.trajectory[index], return_inverse=True)
    if len(trajectories) > 1:
        return np.asarray(block * min(MAX_BLOCKS, len(trajectories)) // len(trajectories), dtype=np.int64)
    time = frames.time[index]
    start, end = time.min(), time.max()
    min_length = max(MIN_CORRELATION_TIMES * correlation_time(frames).ps, (end - start) / MAX_BLOCKS)
    n_blocks = max(1, int((end - start) / min_length)) if min_length else 1
    edges = np.linspace(start, end, n_blocks + 1)[1:-1]
    block = np.searchsorted(edges, time, side="right")
    return np.asarray(np.unique(block, return_inverse=True)[1], dtype=np.int64)
