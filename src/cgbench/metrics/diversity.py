"""Spread of the samples of a frame, relative to their error."""

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.atom_sets import ATOM_SETS
from cgbench.chem.molecule import IntArray
from cgbench.metrics.base import Evaluation, PerFrameMetric, sum_columns


class Metric(PerFrameMetric):
    """1 − mean RMSD between samples of a frame / mean RMSD of samples from their frame; 0 is ideal.

    Samples from the true conditional distribution p(x|X) score 0: they differ from each other as much as
    from the frame. A deterministic method scores 1, and negative values mean too much spread. The published
    name, diversity score, is kept, although the value falls as samples differ more.

    Both means are taken over all frames before the division. A mean of ratios is below 0 for samples from
    the true distribution if it has several states: in a frame of a rare state they are far from the frame
    and near each other, in a frame of a common state near both. NaN with one sample per frame.
    """

    label = "Diversity score (0 ideal, 1 none)"
    better = "zero"
    atom_sets = ATOM_SETS
    reference = "M. S. Jones, K. Shmilovich, A. L. Ferguson, arXiv 2307.12451 (DiAMoNDBack), frame by frame"
    frame_shape = (2,)

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Mean RMSD between the samples of each test frame, and from the frame: [n_frames, 2], Å."""
        error = evaluation.sample_rmsd.mean(axis=1)
        if evaluation.samples.shape[1] == 1:
            return np.stack([np.full_like(error, np.nan), error], axis=1)
        return np.stack([evaluation.sample_observables.pairwise_rmsd.mean(axis=1), error], axis=1)

    def sum_frames(self, per_frame: NDArray[np.float64], blocks: IntArray) -> NDArray[np.float64]:
        return sum_columns(per_frame, blocks)

    def value(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        spread, error = total[..., 0], total[..., 1]
        ratio = np.divide(spread, error, out=np.asarray(0.0 * spread), where=error > 0)
        return np.asarray(1.0 - ratio)
