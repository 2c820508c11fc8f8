"""The beads that are nearest to each bead, on average over frames."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cgbench.chem.molecule import IntArray

FRAMES_SEARCHED = 16
CANDIDATES = 2  # times as many beads as are asked for


def nearest_on_average(beads: NDArray[np.floating], k: int) -> IntArray:
    """Find the k beads nearest to each bead by mean square distance, the bead itself first.

    Candidates are the 2k nearest beads in each of 16 frames, so the time is linear in the number of beads.

    Parameters
    ----------
    beads : [n_frames, n_beads, 3]
        Å.
    k
        At most n_beads.

    Returns
    -------
    int [n_beads, k]
    """
    frames = beads[np.linspace(0, len(beads) - 1, min(len(beads), FRAMES_SEARCHED)).astype(int)]
    n_near = min(CANDIDATES * k, beads.shape[1])
    near = np.concatenate([cKDTree(X).query(X, k=range(1, n_near + 1))[1] for X in frames], axis=1)
    nearest = []
    for bead, row in enumerate(near):
        candidates = np.unique(row)
        square = np.square(beads[:, candidates] - beads[:, bead : bead + 1]).sum(axis=-1).mean(axis=0)
        square[candidates == bead] = -1.0
        nearest.append(candidates[square.argsort(kind="stable")[:k]])
    return np.array(nearest)
