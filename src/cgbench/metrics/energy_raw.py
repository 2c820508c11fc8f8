"""How much strain samples are under."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """Potential energy of samples above that of their frame, per atom, in the force field of the data.

    One close contact decides it, so each energy is cut at 1,000 kJ/mol per atom. Of evenly spaced frames
    with 32 samples in all; the others are NaN and do not count.
    """

    label = "Excess energy"
    unit = "kJ/mol per atom"
    better = "lower"
    atom_sets = ("all",)
    reference = "OpenMM (P. Eastman et al., PLoS Comput. Biol. 13, e1005659, 2017)"
    needs = "force field"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames], kJ/mol per atom."""
        return np.asarray(evaluation.excess_energies[0])
