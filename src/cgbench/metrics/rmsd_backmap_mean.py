"""How far samples lie from the reference: the error of backmapping."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """Backmapping RMSD: sqrt(mean over atoms |x̃ − x|²), mean over all samples of a frame.

    x̃ is drawn from M x alone, so that methods with an encoder and methods without one are given
    the same: the fair comparison. Number for number it is ``rmsd_sample``, which reads it as diversity.
    A mean over samples rewards the mean geometry, ``rmsd_backmap_min`` a sample that hits.
    """

    label = "Backmapping RMSD"
    unit = "Å"
    better = "lower"
    reference = "arXiv 2201.12176, section 5: its sampling RMSD, read as an error"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames], Å."""
        return np.asarray(evaluation.sample_rmsd.mean(axis=1))
