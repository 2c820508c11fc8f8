"""How far samples lie from the reference: the published measure of diversity."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """Sampling RMSD: sqrt(mean over atoms |x̃ − x|²), mean over all samples of a frame.

    x̃ is drawn from M x alone. The paper reads it as diversity (higher is better), and so does the
    figure; read as an error (lower is better), the same number is ``rmsd_backmap_mean``.
    ``diversity`` tells a spread of samples from plain error. The published tables average only over
    samples whose whole bond graph is right, so a method is scored on its survivors; here every
    sample counts.
    """

    label = "Sampling RMSD (diversity)"
    unit = "Å"
    better = "higher"
    reference = "arXiv 2201.12176, section 5; without its validity filter"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames], Å."""
        return np.asarray(evaluation.sample_rmsd.mean(axis=1))
