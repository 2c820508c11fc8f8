"""How often atoms lie upon each other."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """Share of samples in which any two atoms that are not bonded are closer than 1.2 Å.

    One pair is enough, so that it grows with the number of atoms: compare methods, not molecules.
    """

    label = "Samples with overlapping atoms"
    unit = "1"
    better = "lower"
    reference = "threshold of M. S. Jones, K. Shmilovich, A. L. Ferguson, arXiv 2307.12451 (DiAMoNDBack)"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames]."""
        return np.asarray(evaluation.sample_observables.contacts.overlaps.mean(axis=1))
