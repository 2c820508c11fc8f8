"""Chirality of the Cα and Cβ atoms of samples: as in the MD frame, inverted, or flat.

The signed volume (N − CA) × (C − CA) · (CB − CA) of a residue with CB is about 2.5 Å³ in an L-amino acid, and
that of (CA − CB) × (OG1 − CB) · (CG2 − CB) as large in L-Thr (2S,3R), with CG1 for OG1 in L-Ile (2S,3S). A
mirror image has the bonds, angles and clashes of the original, and only signed quantities tell them apart.
Other chiral centres are not examined. For each kind of atom, the shares that are correct, inverted and flat
sum to 1.
"""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import IntArray, Molecule
from cgbench.metrics.base import Evaluation, PerFrameMetric

MIN_VOLUME = 1.0  # Å³; MD frames of an L-amino acid have 2.5 ± 0.2


class _Chirality(PerFrameMetric):
    atom_sets = ("all",)
    reference = "chiral volume, as refinement programs restrain it (W. A. Hendrickson, 1985)"
    requires = "residues with N, CA, C and CB"
    sign: ClassVar[int]
    volumes: ClassVar[Literal["chiral_volumes", "beta_volumes"]] = "chiral_volumes"

    def measured(self, molecule: Molecule) -> IntArray:
        of_alpha = self.volumes == "chiral_volumes"
        return molecule.chiral_centres if of_alpha else molecule.chiral_beta_carbons

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        expected, volumes = (
            getattr(observables, self.volumes)
            for observables in (evaluation.reference_observables, evaluation.sample_observables)
        )
        volumes = volumes * np.sign(expected)
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


class InvertedBeta(Inverted):
    """Share of Thr and Ile with a volume at Cβ above 1 Å³ of the opposite sign; lower is better.

    A sample with correct Cα and inverted Cβ is allothreonine or alloisoleucine.
    """

    label = "Inverted chirality of Cβ"
    requires = "residues with a chiral CB"
    volumes = "beta_volumes"


class FlatBeta(Flat):
    """Share of Thr and Ile with a volume at Cβ of at most 1 Å³ of either sign; lower is better."""

    label = "Flat chiral centres, Cβ"
    requires = "residues with a chiral CB"
    volumes = "beta_volumes"


METRICS = {
    "chirality_right": Correct,
    "chirality_wrong": Inverted,
    "chirality_flat": Flat,
    "chirality_cb_wrong": InvertedBeta,
    "chirality_cb_flat": FlatBeta,
}
