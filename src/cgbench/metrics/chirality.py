"""Chirality of the Cα atoms of samples: as in the MD frame, inverted, or flat.

The signed volume (N − CA) × (C − CA) · (CB − CA) of a residue with CB is about 2.5 Å³ in an L-amino acid. A
mirror image has the bonds, angles and clashes of the original, and only signed quantities tell them apart.
Other chiral centres, such as Cβ of Thr and Ile, are not examined. The three shares sum to 1.
"""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, PerFrameMetric

MIN_VOLUME = 1.0  # Å³; MD frames of an L-amino acid have 2.5 ± 0.2


class _Chirality(PerFrameMetric):
    atom_sets = ("all",)
    reference = "chiral volume, as refinement programs restrain it (W. A. Hendrickson, 1985)"
    requires = "residues with N, CA, C and CB"
    sign: ClassVar[int]

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        expected = np.sign(evaluation.reference_observables.chiral_volumes)
        volumes = evaluation.sample_observables.chiral_volumes * expected
        signs = np.where(np.abs(volumes) > MIN_VOLUME, np.sign(volumes), 0)
        return np.asarray((signs == self.sign).mean(axis=(1, 2)))


class Correct(_Chirality):
    """Share of residues with a volume above 1 Å³ of the same sign as in the frame; higher is better."""

    label = "Correct chirality"
    better = "higher"
    sign = 1


class Inverted(_Chirality):
    """Share of residues with a volume above 1 Å³ of the opposite sign; lower is better."""

    label = "Inverted chirality"
    better = "lower"
    sign = -1


class Flat(_Chirality):
    """Share of residues with a volume of at most 1 Å³ of either sign; lower is better.

    Averages of a molecule and its mirror image are flat, and so are atoms on one bead. By the sign alone,
    half of them would count as correct.
    """

    label = "Flat chiral centres"
    better = "lower"
    sign = 0


METRICS = {"chirality_right": Correct, "chirality_wrong": Inverted, "chirality_flat": Flat}
