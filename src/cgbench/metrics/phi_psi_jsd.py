"""Whether backbone torsions are distributed as in molecular dynamics."""

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.histograms import block_histograms, jensen_shannon
from cgbench.chem.molecule import IntArray
from cgbench.metrics.base import Distribution, Observables

PER_TURN = 36  # bins of 10°


class Metric(Distribution):
    """Jensen–Shannon divergence of the φ/ψ density of samples and MD frames, in nats, mean over residues.

    JSD = ½ KL(p‖m) + ½ KL(q‖m), m = ½ (p + q), of histograms of 36 × 36 bins: 0 equal, ln 2 disjoint.
    Few frames in many bins never agree: compare with the noise floor, MD against MD. A method with
    the wrong torsion in the right frame, but the right shares overall, scores as right.
    """

    label = "Backbone torsions, JSD"
    unit = "nat"
    better = "lower"
    atom_sets = ("all",)
    reference = "J. Lin, IEEE Trans. Inf. Theory 37, 145 (1991)"
    needs = "residues with φ and ψ"
    bins = PER_TURN**2

    def weights(self, observables: Observables, blocks: IntArray) -> NDArray[np.float64]:
        """Histogram of every residue in each block: [n_blocks, n_residues, bins]."""
        turn = (observables.phi_psi + 180.0) / 360.0 * PER_TURN
        phi, psi = np.moveaxis(turn.astype(np.int64) % PER_TURN, -1, 0)
        return block_histograms(phi * PER_TURN + psi, blocks, self.bins)

    def distance(self, first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
        """JSD [...], nats."""
        return jensen_shannon(first, second)
