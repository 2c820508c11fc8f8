"""Whether samples coarse-grain to the beads that they were made from."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """R1: max |M x̃ − X| over beads and samples, Å; rounding only where a method keeps it.

    Methods that keep it are equal, whichever has the smaller rounding.
    """

    label = "R1 violation"
    unit = "Å"
    better = "lower"
    rounding = 1e-3  # of coordinates of 100 Å in single precision, with room; XTC files round to 0.01 Å
    atom_sets = ("all",)
    reference = "arXiv 2201.12176, requirement R1"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames], Å."""
        mapping = evaluation.mapping
        beads = mapping.beads(evaluation.reference.astype(np.float64))
        off = mapping.beads(evaluation.samples.astype(np.float64)) - beads[:, None]
        return np.asarray(np.linalg.norm(off, axis=-1).max(axis=(1, 2)))
