"""Whether side-chain torsions are distributed as in molecular dynamics."""

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.histograms import block_histograms, jensen_shannon
from cgbench.chem.molecule import IntArray
from cgbench.metrics.base import Distribution, Observables

BINS = 36


class Metric(Distribution):
    """Jensen–Shannon divergence of χ of samples and MD frames, in nats, mean over χ1 to χ5 of all residues.

    As ``phi_psi_jsd``, in 36 bins for one angle. χ2 of Asp, Phe and Tyr and χ3 of Glu end in two like
    atoms, which only labels tell apart: they are taken modulo half a turn.
    """

    label = "Side-chain torsions, JSD"
    unit = "nat"
    better = "lower"
    atom_sets = ("all",)
    reference = "J. Lin, IEEE Trans. Inf. Theory 37, 145 (1991)"
    needs = "side chains with χ"
    bins = BINS

    def weights(self, observables: Observables, blocks: IntArray) -> NDArray[np.float64]:
        """Histogram of every torsion in each block: [n_blocks, n_torsions, bins]."""
        return block_histograms((observables.chi_in_periods * BINS).astype(np.int64) % BINS, blocks, BINS)

    def distance(self, first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
        """JSD [...], nats."""
        return jensen_shannon(first, second)
