"""Planarity of peptide groups and of aromatic rings in samples."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, PerFrameMetric


class _Planarity(PerFrameMetric):
    unit = "Å"
    better = "lower"
    rounding = 1e-6
    atom_sets = ("all",)
    reference = "plane of least squares (K. Pearson, Phil. Mag. 2, 559, 1901)"


class PeptideGroups(_Planarity):
    """RMS distance of CA, C, O, N, H (CD in proline) and the next CA from their plane, mean over groups.

    Mean over samples; lower is better. MD frames are not planar either, and a smaller value than theirs is
    not better: compare with ``true_frames``. It measures the twist ω and the pyramids at C and N.
    """

    label = "Peptide groups, out of plane"
    requires = "peptide bonds"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return np.asarray(evaluation.sample_observables.out_of_plane_peptides.mean(axis=(1, 2)))


class Rings(_Planarity):
    """RMS distance of the atoms of a ring of Phe, Tyr, Trp or His from their plane, mean over rings.

    Mean over samples; lower is better, but not below the value of ``true_frames``. Atoms bonded to the ring
    do not count, and both rings of Trp are measured by themselves.
    """

    label = "Aromatic rings, out of plane"
    requires = "planar rings"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return np.asarray(evaluation.sample_observables.out_of_plane_rings.mean(axis=(1, 2)))


METRICS = {"peptide_planarity": PeptideGroups, "ring_planarity": Rings}
