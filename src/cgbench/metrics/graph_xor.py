"""How much the bond graph of samples differs from the molecule's."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """λ = Σ|A_gen − A_topology| / Σ A_topology, mean over samples: missing and extra bonds per bond.

    Bonds of a geometry: d_ij < 1.3 (r_i + r_j). The published implementation takes
    |Σ(A_ref − A_gen)|, in which a missing and an extra bond cancel, and the graph of the frame,
    not of the topology, as reference.
    """

    label = "Graph error λ"
    unit = "1"
    better = "lower"
    reference = "arXiv 2201.12176, section 5; as the formula, not as the code"
    needs = "bonds"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames]."""
        contacts = evaluation.sample_observables.contacts
        return np.asarray((contacts.missing + contacts.extra).mean(axis=1) / len(evaluation.molecule.bonds))
