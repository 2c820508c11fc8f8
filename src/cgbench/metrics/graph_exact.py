"""How often a sample is the molecule."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """Share of samples whose bond graph is the topology's, bond for bond."""

    label = "Exact bond graph"
    unit = "1"
    better = "higher"
    reference = "the validity criterion of arXiv 2201.12176, section 5, against the topology"
    needs = "bonds"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames]."""
        contacts = evaluation.sample_observables.contacts
        return np.asarray((contacts.missing + contacts.extra == 0).mean(axis=1))
