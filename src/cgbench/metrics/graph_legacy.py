"""The graph error as the published implementation counts it."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """|Σ(A_frame − A_gen)| / Σ A_frame, mean over samples: for comparison with published numbers only.

    Two faults of that implementation are kept: a missing and an extra bond cancel, and the graph to
    reproduce is that of the frame, where a stretched bond is none, not that of the topology.
    ``graph_xor`` has neither. NaN for a frame without any bond.
    """

    label = "Graph error λ, as published"
    unit = "1"
    better = "lower"
    reference = "code of arXiv 2201.12176"
    needs = "bonds"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames]."""
        frame, samples = evaluation.reference_observables.contacts, evaluation.sample_observables.contacts
        in_frame = (len(evaluation.molecule.bonds) + frame.extra - frame.missing)[:, 0]
        in_samples = len(evaluation.molecule.bonds) + samples.extra - samples.missing
        off = np.abs(in_frame[:, None] - in_samples).mean(axis=1)
        return np.asarray(np.divide(off, in_frame, out=np.full_like(off, np.nan), where=in_frame > 0))
