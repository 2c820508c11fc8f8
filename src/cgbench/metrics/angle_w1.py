"""Whether bond angles are as wide as in molecular dynamics, and spread as much."""

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.histograms import UniformGrid
from cgbench.chem.molecule import IntArray
from cgbench.metrics.base import Distribution, Observables

GRID = UniformGrid(step=1.0, n_intervals=180)  # to 180°; what lies beyond is kept by its mean


class Metric(Distribution):
    """Wasserstein-1 distance between a bond angle in samples and in MD frames, mean over angles.

    As ``bond_length_w1``, in degrees. An angle two atoms of which coincide is none and counts as 0°,
    so that collapsed atoms score as wrong instead of dropping out.
    """

    label = "Bond angles, W1"
    unit = "°"
    better = "lower"
    reference = "L. N. Vaserstein (1969); one dimension, by the cumulative distributions"
    needs = "bond angles"
    bins = GRID.bins

    def weights(self, observables: Observables, blocks: IntArray) -> NDArray[np.float64]:
        """Distribution of every angle in each block: [n_blocks, n_angles, bins]."""
        return GRID.weights(observables.bond_angles, blocks)

    def distance(self, first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
        """W1 [...], °."""
        return GRID.wasserstein(first, second)
