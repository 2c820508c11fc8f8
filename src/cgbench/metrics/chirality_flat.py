"""How often residues have no handedness."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """Share of residues with no more than 1 Å³ of volume, whatever its sign, over all samples.

    Averages of a molecule and its mirror image are flat, and so are atoms that lie on their bead; by
    its sign alone, half of these would pass as right. See ``chirality_right``.
    """

    label = "Chirality, flat"
    unit = "1"
    better = "lower"
    atom_sets = ("all",)
    reference = "chiral volume, as refinement programs restrain it (W. A. Hendrickson, 1985)"
    needs = "residues with N, CA, C and CB"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames]."""
        return np.asarray((evaluation.sample_handedness == 0).mean(axis=(1, 2)))
