"""Search for near pairs of points in many geometries at once, in linear time."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cgbench.chem.molecule import IntArray


def pairs_within(points: NDArray[np.float64], cutoff: float) -> tuple[IntArray, NDArray[np.float64]]:
    """Find the pairs of points of the same geometry that are nearer than ``cutoff`` (Å).

    Parameters
    ----------
    points : [batch, n, 3]
        Å.

    Returns
    -------
    pairs : int [n_found, 2]
        Points, numbered over all geometries, the smaller number first.
    placed : float64 [batch · n, 3]
        The points, with the geometries side by side, so that one search finds the pairs of all of them.
    """
    placed = points - points.min(axis=1, keepdims=True)
    width = placed[:, :, 0].max(initial=0.0) + 2 * cutoff
    placed[:, :, 0] += width * np.arange(len(placed))[:, None]
    placed = placed.reshape(-1, 3)
    tree = cKDTree(placed, balanced_tree=False, compact_nodes=False)
    return tree.query_pairs(cutoff, output_type="ndarray"), placed
