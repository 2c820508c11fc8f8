"""How close the best of a frame's samples comes to the reference."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """Lowest backmapping RMSD: min over samples of sqrt(mean over atoms |x̃ − x|²).

    It falls with the number of samples, so compare only at equal ``protocol.n_samples``. The mean
    over samples is ``rmsd_backmap_mean``.
    """

    label = "Best-of-samples RMSD"
    unit = "Å"
    better = "lower"
    reference = "minimum over K samples, as usual for conformer generators (e.g. arXiv 2203.02923)"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames], Å."""
        return np.asarray(evaluation.sample_rmsd.min(axis=1))
