"""Distances between distributions from sums that can be added up: over frames, blocks, and resamples.

A distribution is held as weights on a grid [..., n_terms, n_bins]. Sums of them are distributions of
more frames, so a distance over any subset or bootstrap resample of blocks comes from stored sums.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon

from cgbench.chem.molecule import IntArray

Weights = NDArray[np.float64]


def block_weights(
    bins: IntArray, blocks: IntArray, n_bins: int, weights: NDArray[np.floating] | None = None
) -> Weights:
    """Add up what falls into each bin, for each block of frames and each term.

    Parameters
    ----------
    bins : int [n_frames, n_samples, n_terms]
        From 0 to n_bins − 1.
    blocks : int [n_frames]
        Block of each frame, from 0.
    weights : [n_frames, n_samples, n_terms]
        What counts for how much; 1 if not given.

    Returns
    -------
    float [n_blocks, n_terms, n_bins]
    """
    n_blocks, n_terms = int(blocks.max()) + 1, bins.shape[-1]
    flat = (blocks[:, None, None] * n_terms + np.arange(n_terms)) * n_bins + bins
    ravelled = None if weights is None else weights.ravel()
    total = np.bincount(flat.ravel(), ravelled, minlength=n_blocks * n_terms * n_bins)
    return total.reshape(n_blocks, n_terms, n_bins).astype(np.float64)


@dataclass(frozen=True)
class Line:
    """Grid from 0 to ``top`` for quantities that are not negative.

    A value gives its weight to the two grid points around it, the nearer one more, so that sums of
    the weights up to a point are the mean of the cumulative distribution over each cell. The last bin
    holds by how much values exceed ``top``: the rest of the line as one cell.

    Attributes
    ----------
    step, cells
        Width of a cell, and their number.
    """

    step: float
    cells: int

    @property
    def bins(self) -> int:
        """Length of the last axis of weights: the grid points and the excess."""
        return self.cells + 2

    def weights(self, values: NDArray[np.floating], blocks: IntArray) -> Weights:
        """Sum values [n_frames, n_samples, n_terms] over blocks [n_frames]: [n_blocks, n_terms, bins]."""
        place = values.astype(np.float64) / self.step
        inside = np.minimum(place, self.cells)
        below = np.minimum(inside.astype(np.int64), self.cells - 1)
        share = inside - below
        total = block_weights(below, blocks, self.bins, 1.0 - share)
        total += block_weights(below + 1, blocks, self.bins, share)
        total[..., -1] += block_weights(np.zeros_like(below), blocks, 1, place - inside)[..., 0]
        return total

    def wasserstein(self, first: Weights, second: Weights) -> Weights:
        """Wasserstein-1 distance [...] of two distributions [..., bins], in the unit of ``step``.

        ∫ |F − G|, taken cell by cell: exact unless F and G cross within a cell.
        """
        return np.asarray(self.step * np.abs(self._cumulated(first) - self._cumulated(second)).sum(axis=-1))

    def _cumulated(self, weights: Weights) -> Weights:
        """Mean of F over each cell; of F − 1, times its length in cells, for the rest of the line."""
        cumulated = np.cumsum(weights[..., :-1], axis=-1)
        total = cumulated[..., -1:]
        return np.concatenate([cumulated[..., :-1], -weights[..., -1:]], axis=-1) / total


def jensen_shannon(first: Weights, second: Weights) -> Weights:
    """Jensen–Shannon divergence [...] of two distributions [..., bins], in nats: 0 equal, ln 2 disjoint."""
    return np.asarray(jensenshannon(first, second, axis=-1) ** 2)
