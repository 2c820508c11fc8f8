"""The reconstruction error as the published tables pool it."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """sqrt(mean over frames and atoms |x̂ − x|²): for comparison with published numbers only.

    One root over all frames, so that few bad frames weigh more than in ``rmsd_recon_draw``, of which it
    is never less. x̂ is decoded from a draw from the posterior, as published.
    """

    label = "Reconstruction RMSD, drawn and pooled"
    unit = "Å"
    better = "lower"
    reference = "code of arXiv 2201.12176"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Mean square deviation of each test frame: [n_frames], Å²."""
        return np.asarray(np.square(evaluation.reconstruction_draw_rmsd))

    def value(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        """Root of the mean over frames, Å."""
        return np.sqrt(super().value(total))
