"""Which part of the graph error is bonds that samples lack."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """Bonds of the topology that a sample lacks, per bond of the topology; mean over samples.

    With ``graph_extra`` it sums to ``graph_xor``.
    """

    label = "Missing bonds"
    unit = "1"
    better = "lower"
    reference = "one half of λ of arXiv 2201.12176, section 5"
    needs = "bonds"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames]."""
        missing = evaluation.sample_observables.contacts.missing
        return np.asarray(missing.mean(axis=1) / len(evaluation.molecule.bonds))
