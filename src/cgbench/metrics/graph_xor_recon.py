"""How much the bond graph of reconstructions differs from the molecule's."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """λ of the reconstruction: missing and extra bonds per bond of the topology, as in ``graph_xor``."""

    label = "Graph error λ, reconstruction"
    unit = "1"
    better = "lower"
    reference = "arXiv 2201.12176, section 5"
    needs = "bonds"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames]."""
        contacts = evaluation.reconstruction_observables.contacts
        return np.asarray((contacts.missing + contacts.extra)[:, 0] / len(evaluation.molecule.bonds))
