"""Energy distance between two distributions, estimated without bias from blocks of frames.

The energy distance 2 E|X − Y| − E|X − X'| − E|Y − Y'| (G. J. Székely, M. L. Rizzo, J. Stat. Plan. Inference
143, 1249, 2013) is 0 for equal distributions and positive otherwise. The same sums over all pairs of a finite
sample are positive for equal distributions too: a value is at distance 0 from itself, and correlated values
are nearer to each other than independent ones. Only pairs of values in different blocks are averaged here.
If blocks are independent, the mean of the estimates is the energy distance, whatever the number of frames, of
samples of a frame and of equal samples; a single estimate of a distance near 0 may be negative.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]


class Grid(Protocol):
    """Grid on which distributions are given by weights [..., bins], and distances between its points."""

    @property
    def bins(self) -> int:
        """Length of the last axis of weights."""

    def counts(self, weights: Weights) -> Weights:
        """Count the values [...] of distributions [..., bins]."""

    def summed_distances(self, first: Weights, second: Weights) -> Weights:
        """Sum [...] of the distances of all values of one distribution from all of another."""


PAIR_SUMS = 6  # of a term


def pair_sums(grid: Grid, first: Weights, second: Weights) -> Weights:
    """Distances and numbers of pairs of two distributions [..., bins].

    Returns
    -------
    float [..., 6]
        Sums of distances of all pairs within the first, between both and within the second distribution, then
        the numbers of these pairs.
    """
    pairs = ((first, first), (first, second), (second, second))
    distances = [grid.summed_distances(*pair) for pair in pairs]
    numbers = [grid.counts(one) * grid.counts(other) for one, other in pairs]
    return np.stack([*distances, *numbers], axis=-1)


def apart(first: Weights, second: Weights) -> tuple[Weights, Weights]:
    """Append the blocks of two independent ensembles [n_blocks, ...]: none has values of both."""
    return (
        np.concatenate([first, np.zeros_like(second)]),
        np.concatenate([np.zeros_like(first), second]),
    )


def energy_distance(grid: Grid, first: Weights, second: Weights, within_blocks: Weights) -> Weights:
    """Energy distance [...] of two distributions [..., bins] from pairs of values in different blocks.

    Parameters
    ----------
    first, second : float [..., bins]
        Sums of weights over blocks.
    within_blocks : float [..., 6]
        Sum over blocks of :func:`pair_sums` of each block.

    Returns
    -------
    float [...]
        In the unit of the distances; NaN without two blocks of each distribution.
    """
    distances, numbers = np.split(pair_sums(grid, first, second) - within_blocks, 2, axis=-1)
    # Numbers of pairs are integers up to rounding, and without a pair there is no mean.
    means = np.divide(distances, numbers, out=np.full_like(distances, np.nan), where=numbers > 0.5)
    within_first, between, within_second = np.moveaxis(means, -1, 0)
    return np.asarray(2.0 * between - within_first - within_second)
