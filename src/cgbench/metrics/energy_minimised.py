"""How much strain of samples a short minimisation cannot relieve."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """Energy of samples above that of their frame, per atom, both after at most 50 steps of L-BFGS.

    Near 0: samples are relaxed into geometries of the molecule. What stays is knots, wrong hands and
    broken rings. The frames and the bound are those of ``energy_raw``.
    """

    label = "Excess energy, minimised"
    unit = "kJ/mol per atom"
    better = "lower"
    atom_sets = ("all",)
    reference = "OpenMM (P. Eastman et al., PLoS Comput. Biol. 13, e1005659, 2017)"
    needs = "force field"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames], kJ/mol per atom."""
        return np.asarray(evaluation.excess_energies[1])
