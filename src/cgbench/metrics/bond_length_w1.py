"""Whether bonds are as long as in molecular dynamics, and spread as much."""

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.histograms import UniformGrid
from cgbench.chem.molecule import IntArray
from cgbench.metrics.base import Distribution, Observables

GRID = UniformGrid(step=0.01, n_intervals=300)  # to 3 Å; what lies beyond is kept by its mean


class Metric(Distribution):
    """Wasserstein-1 distance between the lengths of a bond in samples and in MD frames, mean over bonds.

    W1 = ∫ |F_samples − F_MD| dℓ, term by term: bonds that are all right on average but too stiff or
    too loose score as wrong, and a wrong length counts by how much. Where a simulation holds lengths
    by constraints, W1 of those bonds is the mean error of their length.
    """

    label = "Bond lengths, W1"
    unit = "Å"
    better = "lower"
    reference = "L. N. Vaserstein (1969); one dimension, by the cumulative distributions"
    needs = "bonds"
    bins = GRID.bins

    def weights(self, observables: Observables, blocks: IntArray) -> NDArray[np.float64]:
        """Distribution of every bond in each block: [n_blocks, n_bonds, bins]."""
        return GRID.weights(observables.bond_lengths, blocks)

    def distance(self, first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
        """W1 [...], Å."""
        return GRID.wasserstein(first, second)
