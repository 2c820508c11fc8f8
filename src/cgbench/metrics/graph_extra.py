"""Which part of the graph error is bonds that samples have too many."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """Bonds of a sample that the topology lacks, per bond of the topology; mean over samples.

    With ``graph_missing`` it sums to ``graph_xor``.
    """

    label = "Extra bonds"
    unit = "1"
    better = "lower"
    reference = "one half of λ of arXiv 2201.12176, section 5"
    needs = "bonds"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames]."""
        extra = evaluation.sample_observables.contacts.extra
        return np.asarray(extra.mean(axis=1) / len(evaluation.molecule.bonds))
