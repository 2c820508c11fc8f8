"""Distances of chosen pairs of atoms, in batches."""

from torch import Tensor


def distances_of(pairs: Tensor, positions: Tensor) -> Tensor:
    """Distances [batch, n_pairs] of pairs [2, n_pairs] of points [batch, n, 3], with a slope at zero too."""
    i, j = pairs
    difference = positions.index_select(1, i) - positions.index_select(1, j)
    return (difference.square().sum(-1) + 1e-12).sqrt()
