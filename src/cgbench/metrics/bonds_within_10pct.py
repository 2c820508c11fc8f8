"""How many bonds are about as long as they should be."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """Share of bonds whose length is within 10 % of the same bond's in the frame, over all samples.

    A threshold: it does not tell 11 % from a broken bond, nor 1 % from 9 %; ``bond_length_w1`` does.
    """

    label = "Bonds within 10 %"
    unit = "1"
    better = "higher"
    reference = "threshold of M. S. Jones, K. Shmilovich, A. L. Ferguson, arXiv 2307.12451 (DiAMoNDBack)"
    needs = "bonds"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames]."""
        right = evaluation.reference_observables.bond_lengths
        off = np.abs(evaluation.sample_observables.bond_lengths - right)
        return np.asarray((off <= 0.1 * right).mean(axis=(1, 2)))
