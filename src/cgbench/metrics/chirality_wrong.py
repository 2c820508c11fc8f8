"""How often residues have the handedness of the mirror image."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """Share of residues with the handedness of the frame's mirror image, over all samples.

    As ``chirality_right``, with a volume of more than 1 Å³ of the other sign.
    """

    label = "Chirality, wrong"
    unit = "1"
    better = "lower"
    atom_sets = ("all",)
    reference = "chiral volume, as refinement programs restrain it (W. A. Hendrickson, 1985)"
    needs = "residues with N, CA, C and CB"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames]."""
        return np.asarray((evaluation.sample_handedness < 0).mean(axis=(1, 2)))
