"""Whether the samples of a frame differ as much as they are off."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """Diversity score: 1 − mean RMSD between samples / mean RMSD of samples to the reference.

    0 is ideal: samples differ from each other as much as from the reference, as independent draws
    of the true p(x|X) do. 1 is a deterministic method; negative values are spread beyond the truth.
    Published under this name, though it falls as samples differ more. NaN where a single sample leaves
    it undefined.
    """

    label = "Diversity score (0 ideal, 1 none)"
    unit = "1"
    better = "zero"
    reference = "M. S. Jones, K. Shmilovich, A. L. Ferguson, arXiv 2307.12451 (DiAMoNDBack)"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames]."""
        error = evaluation.sample_rmsd.mean(axis=1)
        if evaluation.samples.shape[1] == 1:
            return np.full_like(error, np.nan)
        spread = evaluation.of_samples.pairwise_rmsd.mean(axis=1)
        # Samples that all equal the reference do not differ either: deterministic.
        return np.asarray(1.0 - np.divide(spread, error, out=np.zeros_like(error), where=error > 0))
