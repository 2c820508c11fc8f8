"""Building blocks of the published baselines: least-squares matrices and vectors to nearest beads."""

from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cgbench.chem.geometry import in_chunks
from cgbench.chem.molecule import IntArray

# With more than so many times as many beads as neighbours, near beads are searched.
SEARCHED = 32

Positions = NDArray[np.floating]


def least_squares_matrix(beads: Positions, positions: Positions) -> Positions:
    """Find the matrix D that minimises Σ_frames ‖D (X − c) − (x − c)‖², where c is the mean of the beads.

    Parameters
    ----------
    beads : [n_frames, n_beads, 3]
        X, Å.
    positions : [n_frames, n_atoms, 3]
        x, Å.

    Returns
    -------
    float64 [n_atoms, n_beads]
        The solution of minimum norm, since centred beads are linearly dependent.
    """
    centre = beads.mean(1, keepdims=True, dtype=np.float64)
    # Rows are the x, y and z components of all frames.
    X, x = ((part - centre).transpose(0, 2, 1).reshape(-1, part.shape[1]) for part in (beads, positions))
    return np.asarray(np.linalg.lstsq(X, x, rcond=1e-10)[0].T)


def nearest_bead_vectors(beads: Positions, neighbours: int | None) -> tuple[Positions, Positions]:
    """Compute vectors and distances from every bead to its nearest other beads, nearest first.

    Parameters
    ----------
    beads : [n_frames, n_beads, 3]
        Å.
    neighbours
        Number k of neighbours, at most n_beads − 1; None for all.

    Returns
    -------
    vectors : [n_frames, n_beads, k, 3]
    distances : [n_frames, n_beads, k]
    """
    n_others = beads.shape[1] - 1
    k = n_others if neighbours is None else min(neighbours, n_others)
    if SEARCHED * k < n_others:
        # Rank 0 is the bead itself. A search of near beads is linear in their number.
        found = [cKDTree(X).query(X, k=range(2, k + 2))[1] for X in beads]
        order = np.array(found, dtype=np.int64).reshape(*beads.shape[:2], k)
    else:
        order = in_chunks(partial(_by_distance, k=k), beads, 40 * beads[0].size * beads.shape[1])
    vectors = beads[np.arange(len(beads))[:, None, None], order] - beads[:, :, None]
    return vectors, np.sqrt(np.square(vectors).sum(-1))


def _by_distance(beads: Positions, k: int) -> IntArray:
    """Nearest k other beads of every bead [n_frames, n_beads, k], nearest first."""
    distance = np.sqrt(np.square(beads[:, None] - beads[:, :, None]).sum(-1))
    return np.argsort(distance, axis=-1, kind="stable")[..., 1 : k + 1]
