"""Consistency of samples with the beads they were generated from."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, PerFrameMetric


class Metric(PerFrameMetric):
    """max |M x̃ − X| over beads and samples in Å, mean over frames; lower is better.

    Methods that project onto the beads differ by rounding alone and are equal. It does not depend on the
    positions of atoms within their bead.
    """

    label = "Bead consistency error"
    unit = "Å"
    better = "lower"
    rounding = 1e-3  # above that of coordinates of 100 Å in single precision; XTC files round to 0.01 Å
    atom_sets = ("all",)
    reference = "arXiv 2201.12176, requirement R1"

    def has_atoms(self, evaluation: Evaluation) -> bool:
        return not evaluation.mapping.weights[evaluation.absent].any()

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        mapping = evaluation.mapping
        beads = mapping.beads(evaluation.reference.astype(np.float64))
        samples = np.nan_to_num(
            evaluation.samples.astype(np.float64), copy=False
        )  # absent atoms have no weight
        error = mapping.beads(samples) - beads[:, None]
        return np.asarray(np.linalg.norm(error, axis=-1).max(axis=(1, 2)))
