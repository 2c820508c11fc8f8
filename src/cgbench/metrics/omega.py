"""Torsions ω of the peptide bonds of samples: cis bonds, and deviation from planarity.

A peptide bond joins the carbon of a C=O to a nitrogen of another residue, including caps and proline.
"""

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.peptide_groups import omega_atoms, twist
from cgbench.metrics.base import Evaluation, PerFrameMetric

MOST_CIS = 90.0  # degrees


class _Omega(PerFrameMetric):
    better = "lower"
    atom_sets = ("all",)
    requires = "peptide bonds"

    def measured(self, molecule: Molecule) -> IntArray:
        return omega_atoms(molecule)


class CisBonds(_Omega):
    """Share of peptide bonds with |ω| < 90°, over all samples; lower is better.

    Bonds before proline may be cis in MD frames as well: compare with ``true_frames``. The undefined torsion
    of atoms at one point or on a line counts as 0°, a cis bond.
    """

    label = "Cis peptide bonds"
    reference = "IUPAC-IUB Commission on Biochemical Nomenclature, Biochemistry 9, 3471 (1970)"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return np.asarray((np.abs(evaluation.sample_observables.omega) < MOST_CIS).mean(axis=(1, 2)))


class Deviation(_Omega):
    """Deviation of ω from the nearest of 0° and 180°, mean over peptide bonds and samples; lower is better.

    At most 90°. MD frames deviate as well, and a smaller value than theirs is not better: compare with
    ``true_frames``. A cis bond is as planar as a trans bond, and so are atoms at one point.
    """

    label = "Deviation of ω from planarity"
    unit = "°"
    rounding = 1e-4
    reference = "M. W. MacArthur, J. M. Thornton, J. Mol. Biol. 264, 1180 (1996)"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return np.asarray(twist(evaluation.sample_observables.omega).mean(axis=(1, 2), dtype=np.float64))


METRICS = {"omega_cis": CisBonds, "omega_deviation": Deviation}
