"""How often residues have the handedness of the molecule."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """Share of residues with the handedness of the frame and more than 1 Å³ of it, over all samples.

    The signed volume (N − CA) × (C − CA) · (CB − CA) of a residue with CB, about 2.5 Å³ in an L amino
    acid, has the sign of the frame's. Distances alone cannot tell it: a mirrored molecule has every
    bond, angle and clash of the right one. Right, wrong and flat sum to 1.
    """

    label = "Chirality, right"
    unit = "1"
    better = "higher"
    atom_sets = ("all",)
    reference = "chiral volume, as refinement programs restrain it (W. A. Hendrickson, 1985)"
    needs = "residues with N, CA, C and CB"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames]."""
        return np.asarray((evaluation.sample_handedness > 0).mean(axis=(1, 2)))
