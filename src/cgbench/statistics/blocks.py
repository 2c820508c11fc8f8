"""Blocks of test frames that count as independent, for error bars."""

import numpy as np

from cgbench.chem.autocorrelation import correlation_time
from cgbench.chem.frames import Frames
from cgbench.chem.molecule import IntArray

LENGTH = 5.0  # correlation times that a block lasts at least
MOST = 20  # blocks: enough to resample, and few enough to store what each of them adds up to


def independent_blocks(frames: Frames, index: IntArray) -> IntArray:
    """Tell the block of every frame of ``index``.

    Whole trajectories where there are several, in at most twenty groups of neighbours; one trajectory is
    cut into stretches of equal time, each at least five correlation times long, and stays one block where
    it is too short for two.

    Parameters
    ----------
    frames
        Of the dataset, from which the correlation time is observables.
    index : int [n]
        Some of them, at least one.

    Returns
    -------
    int [n]
        0 to n_blocks − 1, every block with at least one frame.
    """
    trajectories, block = np.unique(frames.trajectory[index], return_inverse=True)
    if len(trajectories) > 1:
        return np.asarray(block * min(MOST, len(trajectories)) // len(trajectories), dtype=np.int64)
    time = frames.time[index]
    start, end = time.min(), time.max()
    shortest = max(LENGTH * correlation_time(frames).ps, (end - start) / MOST)
    n_blocks = max(1, int((end - start) / shortest)) if shortest else 1
    edges = np.linspace(start, end, n_blocks + 1)[1:-1]
    stretch = np.searchsorted(edges, time, side="right")
    return np.asarray(np.unique(stretch, return_inverse=True)[1], dtype=np.int64)
