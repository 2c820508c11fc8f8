"""Distributions of backbone and side-chain torsions of samples, compared with MD."""

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.dihedrals import chi_atoms, phi_psi_atoms
from cgbench.chem.histograms import TorsionGrid, jensen_shannon
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.metrics.base import DistributionMetric, EnergyDistance, HistogramDistance, Observables

BINS = 36  # per period of a torsion


class _Backbone(DistributionMetric):
    atom_sets = ("all",)
    requires = "residues with φ and ψ"
    grid = TorsionGrid(BINS, n_torsions=2)

    def measured(self, molecule: Molecule) -> IntArray:
        return phi_psi_atoms(molecule)

    def most_terms(self, molecule: Molecule) -> int:
        return len(np.unique(molecule.residue_index))  # finding torsions takes longer than scoring a few

    def weights(self, observables: Observables, blocks: IntArray) -> NDArray[np.float64]:
        return self.grid.weights((observables.phi_psi + 180.0) / 360.0, blocks)


class _SideChains(DistributionMetric):
    atom_sets = ("all",)
    requires = "side chains with χ"
    grid = TorsionGrid(BINS)

    def measured(self, molecule: Molecule) -> IntArray:
        return chi_atoms(molecule)[0]

    def most_terms(self, molecule: Molecule) -> int:
        return 5 * len(np.unique(molecule.residue_index))

    def weights(self, observables: Observables, blocks: IntArray) -> NDArray[np.float64]:
        return self.grid.weights(observables.chi_in_periods[..., None], blocks)


class BackboneEnergyDistance(_Backbone, EnergyDistance):
    """Energy distance between the φ/ψ distributions of samples and MD frames, mean over residues.

    2 E d(X, Y) − E d(X, X') − E d(Y, Y') with X from MD frames and Y from samples, in bins of 10°, and the
    distance d = 1 − exp((cos Δφ + cos Δψ − 2) / σ²), σ = 15°: 0 for equal torsions, 1 from 45° on. It is 2
    for two narrow states apart, and 2p² if a share p is in the wrong one of them. Lower is better; samples
    from the correct distribution have 0 on average, and a single value may be negative. Correct distributions
    with torsions in the wrong frames are not noticed.
    """

    label = "Backbone torsions, energy distance"


class SideChainEnergyDistance(_SideChains, EnergyDistance):
    """Energy distance between the distributions of χ1 to χ5 in samples and MD frames, mean over torsions.

    As ``phi_psi_energy_distance``, with one torsion in place of two; lower is better. χ2 of Asp, Phe and Tyr
    and χ3 of Glu end in two equivalent atoms: they are taken modulo 180° and doubled.
    """

    label = "Side-chain torsions, energy distance"


class _JensenShannon(HistogramDistance):
    unit = "nat"
    better = "lower"
    reference = "J. Lin, IEEE Trans. Inf. Theory 37, 145 (1991)"

    def distance(self, first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
        return jensen_shannon(first, second)


class BackboneDivergence(_Backbone, _JensenShannon):
    """Jensen–Shannon divergence (JSD) of the φ/ψ densities of samples and MD frames, mean over residues.

    JSD = ½ KL(p‖m) + ½ KL(q‖m) in nats with m = ½ (p + q), of histograms of 36 × 36 bins: 0 for equal
    densities, ln 2 for disjoint ones; lower is better. It is as large as the frames and samples are few, and
    so compares neither data sets nor numbers of samples; ``phi_psi_energy_distance`` does.
    """

    label = "Backbone torsions, JSD"


class SideChainDivergence(_SideChains, _JensenShannon):
    """Jensen–Shannon divergence of χ1 to χ5 of samples and MD frames in nats, mean over torsions.

    As ``phi_psi_jsd``, with 36 bins for each torsion; lower is better. χ2 of Asp, Phe and Tyr and χ3 of Glu
    end in two equivalent atoms and are taken modulo 180°.
    """

    label = "Side-chain torsions, JSD"


METRICS = {
    "phi_psi_energy_distance": BackboneEnergyDistance,
    "chi_energy_distance": SideChainEnergyDistance,
    "phi_psi_jsd": BackboneDivergence,
    "chi_jsd": SideChainDivergence,
}
