"""How well a method gives back the frame it has encoded."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """Reconstruction RMSD: sqrt(mean over atoms |x̂ − x|²) per frame, without superposition.

    Averaged over frames after the root, not pooled under it as in the published tables. x̂ is
    what the method decodes without noise from x (for a method without an encoder, from M x).
    """

    label = "Reconstruction RMSD"
    unit = "Å"
    better = "lower"
    reference = "arXiv 2201.12176, section 5"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames], Å."""
        return evaluation.reconstruction_rmsd
