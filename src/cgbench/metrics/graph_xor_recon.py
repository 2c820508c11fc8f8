"""How much the bond graph of reconstructions differs from the molecule's."""

import numpy as np
from numpy.typing import NDArray

from cgbench.geometry import bond_errors
from cgbench.metrics.base import Evaluation, MetricBase


class Metric(MetricBase):
    """λ of the reconstruction: missing and extra bonds per bond of the topology, as in ``graph_xor``."""

    label = "Graph error λ, reconstruction"
    unit = "1"
    better = "lower"
    reference = "arXiv 2201.12176, section 5"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames]."""
        missing, extra = bond_errors(evaluation.reconstruction, evaluation.bonds, evaluation.covalent_radii)
        return (missing + extra) / evaluation.n_bonds
