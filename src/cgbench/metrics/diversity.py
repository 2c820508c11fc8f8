"""Whether the samples of a frame differ as much as they are off."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, RatioOfMeans


class Metric(RatioOfMeans):
    """Diversity score: 1 − mean RMSD between samples of a frame / mean RMSD of samples to their frame.

    0 is ideal: samples differ from each other as much as from the reference, as independent draws
    of the true p(x|X) do. 1 is a deterministic method; negative values are spread beyond the truth.
    Published under this name, though it falls as samples differ more. Both means are over all frames:
    a mean of ratios is below 0 for draws of the truth, since where x has several states and lies in a
    rare one the samples are far from it and near each other, where it lies in a common one they are
    near both. NaN where a single sample leaves it undefined.
    """

    label = "Diversity score (0 ideal, 1 none)"
    unit = "1"
    better = "zero"
    reference = "M. S. Jones, K. Shmilovich, A. L. Ferguson, arXiv 2307.12451 (DiAMoNDBack), frame by frame"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Mean RMSD between the samples of each test frame, and of them to it: [n_frames, 2], Å."""
        error = evaluation.sample_rmsd.mean(axis=1)
        if evaluation.samples.shape[1] == 1:
            return np.stack([np.full_like(error, np.nan), error], axis=1)
        return np.stack([evaluation.sample_observables.pairwise_rmsd.mean(axis=1), error], axis=1)

    def value(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        """One minus the ratio; samples that all equal the reference do not differ either: deterministic."""
        return np.asarray(1.0 - self.ratio(total))
