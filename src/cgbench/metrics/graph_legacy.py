"""The graph error as the published implementation counts it."""

import numpy as np
from numpy.typing import NDArray

from cgbench.geometry import bond_errors
from cgbench.metrics.base import Evaluation, MetricBase


class Metric(MetricBase):
    """|Σ(A_frame − A_gen)| / Σ A_frame, mean over samples: for comparison with published numbers only.

    Two faults of that implementation are kept: a missing and an extra bond cancel, and the graph to
    reproduce is that of the frame, where a stretched bond is none, not that of the topology.
    ``graph_xor`` has neither. NaN for a frame without any bond.
    """

    label = "Graph error λ, as published"
    unit = "1"
    better = "lower"
    reference = "code of arXiv 2201.12176"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames]."""
        missing, extra = bond_errors(evaluation.reference, evaluation.bonds, evaluation.covalent_radii)
        in_frame = evaluation.n_bonds - missing + extra
        missing, extra = evaluation.sample_bond_errors
        in_samples = evaluation.n_bonds - missing + extra
        off = np.abs(in_frame[:, None] - in_samples).mean(axis=1)
        return np.asarray(np.divide(off, in_frame, out=np.full_like(off, np.nan), where=in_frame > 0))
