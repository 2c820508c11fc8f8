"""Histograms that can be summed over frames and blocks, and distances between them.

A distribution is an array of weights [..., n_terms, n_bins]. Sums of weights are distributions of more
frames, so that distances of any selection of blocks follow from stored sums.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfftn, rfftn
from scipy.spatial.distance import jensenshannon

from cgbench.chem.molecule import IntArray

Weights = NDArray[np.float64]

WIDTH = 15.0  # degrees; torsions that differ by much less are near each other, by much more far apart


def block_histograms(
    bins: IntArray, blocks: IntArray, n_bins: int, weights: NDArray[np.floating] | None = None
) -> Weights:
    """Histogram of each term over the frames of each block.

    Parameters
    ----------
    bins : int [n_frames, n_samples, n_terms]
        Bin of each value, from 0 to n_bins − 1.
    blocks : int [n_frames]
        Block of each frame, from 0.
    weights : [n_frames, n_samples, n_terms], optional
        Weight of each value, by default 1.

    Returns
    -------
    float [n_blocks, n_terms, n_bins]
    """
    n_blocks, n_terms = int(blocks.max()) + 1, bins.shape[-1]
    flat = (blocks[:, None, None] * n_terms + np.arange(n_terms)) * n_bins + bins
    flat_weights = None if weights is None else weights.ravel()
    total = np.bincount(flat.ravel(), flat_weights, minlength=n_blocks * n_terms * n_bins)
    return total.reshape(n_blocks, n_terms, n_bins).astype(np.float64)


@dataclass(frozen=True)
class UniformGrid:
    """Grid of equal intervals from 0 for quantities that are not negative.

    The weight of a value is shared between the two nearest grid points by linear interpolation, so that
    sums of the weights are means of the cumulative distribution over the intervals. The last bin
    holds the sum of distances (in steps) by which values exceed the grid.
    """

    step: float
    n_intervals: int

    @property
    def bins(self) -> int:
        """Length of the last axis of weights: the grid points and the excess."""
        return self.n_intervals + 2

    def weights(self, values: NDArray[np.floating], blocks: IntArray) -> Weights:
        """Weights [n_blocks, n_terms, bins] of values [n_frames, n_samples, n_terms] in blocks [n_frames]."""
        scaled = values.astype(np.float64) / self.step
        inside = np.minimum(scaled, self.n_intervals)
        lower = np.minimum(inside.astype(np.int64), self.n_intervals - 1)
        fraction = inside - lower
        total = block_histograms(lower, blocks, self.bins, 1.0 - fraction)
        total += block_histograms(lower + 1, blocks, self.bins, fraction)
        total[..., -1] += block_histograms(np.zeros_like(lower), blocks, 1, scaled - inside)[..., 0]
        return total

    def wasserstein(self, first: Weights, second: Weights) -> Weights:
        """Wasserstein-1 distance [...] of two distributions [..., bins], in the unit of ``step``.

        ∫ |F − G| of the cumulative distributions, exact unless F and G cross within an interval.
        """
        return np.asarray(self.step * np.abs(_cumulative(first) - _cumulative(second)).sum(axis=-1))

    def counts(self, weights: Weights) -> Weights:
        """Count the values [...] of distributions [..., bins]."""
        return np.asarray(weights[..., :-1].sum(axis=-1))

    def summed_distances(self, first: Weights, second: Weights) -> Weights:
        """Sum [...] of the distances of all values of one distribution from all of another, as ``step``.

        Values beyond the grid count as its end. Two values have as many steps between them as there are
        intervals with one of them at the lower and one at the upper side.
        """
        below = [np.cumsum(weights[..., :-1], axis=-1) for weights in (first, second)]
        above = [each[..., -1:] - each for each in below]
        return np.asarray(self.step * (below[0] * above[1] + above[0] * below[1]).sum(axis=-1))


def _cumulative(weights: Weights) -> Weights:
    """Mean of F over each interval, and the integral of F − 1 (in steps) beyond the grid."""
    cumulative = np.cumsum(weights[..., :-1], axis=-1)
    total = cumulative[..., -1:]
    return np.concatenate([cumulative[..., :-1], -weights[..., -1:]], axis=-1) / total


@dataclass(frozen=True)
class TorsionGrid:
    """Grid of equal intervals around the circle, for torsions or for tuples of torsions (a torus).

    Attributes
    ----------
    n_intervals
        Number of intervals of a period.
    n_torsions
        Number of torsions of a tuple.
    """

    n_intervals: int
    n_torsions: int = 1

    @property
    def bins(self) -> int:
        """Length of the last axis of weights, the first torsion of a tuple varying slowest."""
        return int(self.n_intervals**self.n_torsions)

    def weights(self, periods: NDArray[np.floating], blocks: IntArray) -> Weights:
        """Numbers [n_blocks, n_terms, bins] of torsions in blocks [n_frames].

        Parameters
        ----------
        periods : [n_frames, n_samples, n_terms, n_torsions]
            Torsions in units of their period.
        """
        indices = (periods * self.n_intervals).astype(np.int64) % self.n_intervals
        powers = self.n_intervals ** np.arange(self.n_torsions)[::-1]
        return block_histograms(indices @ powers, blocks, self.bins)

    def counts(self, weights: Weights) -> Weights:
        """Count the values [...] of distributions [..., bins]."""
        return np.asarray(weights.sum(axis=-1))

    def summed_distances(self, first: Weights, second: Weights) -> Weights:
        """Sum [...] of the distances of all values of one distribution from all of another.

        The distance of two tuples of torsions that differ by Δ is 1 − exp(Σ (cos Δ − 1) / σ²) with σ = 15°,
        summed over the torsions of a tuple: 0 for equal torsions, 0.2 for 10°, 0.6 for 20°, 1 from 45° on.
        The energy distance by it is the squared maximum mean discrepancy with a von Mises kernel, 0 for equal
        distributions only. As it is bounded, differences in shape are found even where few trajectories
        visit states that are far apart.
        """
        axes = tuple(range(-self.n_torsions, 0))
        shape = (self.n_intervals,) * self.n_torsions
        # The sum over all values of one distribution is a convolution, which FFT makes a product.
        spectrum = rfftn(second.reshape(*second.shape[:-1], *shape), axes=axes)
        summed = irfftn(spectrum * self._spectrum, shape, axes=axes).reshape(second.shape)
        return np.asarray((first * summed).sum(axis=-1))

    @cached_property
    def _spectrum(self) -> NDArray[np.complex128]:
        """Fourier transform of the distances of all grid points from the first."""
        angles = 2.0 * np.pi * np.arange(self.n_intervals) / self.n_intervals
        exponents = np.meshgrid(*((np.cos(angles) - 1.0) / np.radians(WIDTH) ** 2,) * self.n_torsions)
        return np.asarray(rfftn(1.0 - np.exp(np.sum(exponents, axis=0))))


def jensen_shannon(first: Weights, second: Weights) -> Weights:
    """Jensen–Shannon divergence [...] of two distributions [..., bins], in nats: 0 equal, ln 2 disjoint."""
    return np.asarray(jensenshannon(first, second, axis=-1) ** 2)
