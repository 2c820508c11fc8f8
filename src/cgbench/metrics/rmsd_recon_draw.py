"""How well a method gives back the frame from one draw of what it has encoded."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """``rmsd_recon`` of a draw from the posterior instead of its mean.

    What a model that samples its latents gives back of a frame; the difference to ``rmsd_recon`` is what
    the posterior leaves open. For a method that encodes to one point, or not at all, both are equal.
    """

    label = "Reconstruction RMSD, drawn"
    unit = "Å"
    better = "lower"
    reference = "code of arXiv 2201.12176"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames], Å."""
        return evaluation.reconstruction_draw_rmsd
