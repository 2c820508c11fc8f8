"""Distributions of backbone and side-chain torsions of samples, compared with MD."""

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.histograms import block_histograms, jensen_shannon
from cgbench.chem.molecule import IntArray
from cgbench.metrics.base import DistributionMetric, Observables

BINS = 36  # per period of a torsion


class BackboneTorsions(DistributionMetric):
    """Jensen–Shannon divergence (JSD) of the φ/ψ densities of samples and MD frames, mean over residues.

    JSD = ½ KL(p‖m) + ½ KL(q‖m) in nats with m = ½ (p + q), of histograms of 36 × 36 bins: 0 for equal
    densities, ln 2 for disjoint ones; lower is better. Few frames in many bins never agree, so compare with
    the noise floor, MD against MD. Correct densities with torsions in the wrong frames are not noticed.
    """

    label = "Backbone torsions, JSD"
    unit = "nat"
    better = "lower"
    atom_sets = ("all",)
    reference = "J. Lin, IEEE Trans. Inf. Theory 37, 145 (1991)"
    requires = "residues with φ and ψ"
    bins = BINS**2

    def weights(self, observables: Observables, blocks: IntArray) -> NDArray[np.float64]:
        periods = (observables.phi_psi + 180.0) / 360.0 * BINS
        phi, psi = np.moveaxis(periods.astype(np.int64) % BINS, -1, 0)
        return block_histograms(phi * BINS + psi, blocks, self.bins)

    def distance(self, first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
        return jensen_shannon(first, second)


class SideChainTorsions(BackboneTorsions):
    """Jensen–Shannon divergence of χ1 to χ5 of samples and MD frames in nats, mean over torsions.

    As ``phi_psi_jsd``, with 36 bins for each torsion; lower is better. χ2 of Asp, Phe and Tyr and χ3 of Glu
    end in two equivalent atoms and are taken modulo 180°.
    """

    label = "Side-chain torsions, JSD"
    requires = "side chains with χ"
    bins = BINS

    def weights(self, observables: Observables, blocks: IntArray) -> NDArray[np.float64]:
        return block_histograms((observables.chi_in_periods * BINS).astype(np.int64) % BINS, blocks, BINS)


METRICS = {"phi_psi_jsd": BackboneTorsions, "chi_jsd": SideChainTorsions}
