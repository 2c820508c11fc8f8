"""RMSD over permutations of equivalent atoms: a turned methyl group or a flipped phenyl ring is no error.

The distance of two geometries is the lowest RMSD, without superposition, over all permutations of
:mod:`cgbench.chem.equivalent_atoms`. It is known as symmetry-corrected RMSD.
"""

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.atom_sets import WITH_EQUIVALENT_ATOMS
from cgbench.metrics.base import Evaluation, PerFrameMetric

SOURCE = "symmetry-corrected RMSD, R. Meli, P. C. Biggin, J. Cheminform. 12, 49 (2020)"


class SymmetricReconstructionRmsd(PerFrameMetric):
    """``rmsd_recon`` over permutations of equivalent atoms in Å; lower is better."""

    label = "Reconstruction RMSD, equivalent atoms"
    unit = "Å"
    better = "lower"
    atom_sets = WITH_EQUIVALENT_ATOMS
    requires = "bonds"
    reference = SOURCE

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return evaluation.symmetric_reconstruction_rmsd


class SymmetricBackmappingRmsd(PerFrameMetric):
    """``rmsd_backmap_mean`` over permutations of equivalent atoms in Å; lower is better."""

    label = "Backmapping RMSD, equivalent atoms"
    unit = "Å"
    better = "lower"
    atom_sets = WITH_EQUIVALENT_ATOMS
    requires = "bonds"
    reference = SOURCE

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return np.asarray(evaluation.symmetric_sample_rmsd.mean(axis=1))


class SymmetricBestSampleRmsd(PerFrameMetric):
    """``rmsd_backmap_min`` over permutations of equivalent atoms in Å; lower is better."""

    label = "Best-of-samples RMSD, equivalent atoms"
    unit = "Å"
    better = "lower"
    atom_sets = WITH_EQUIVALENT_ATOMS
    requires = "bonds"
    reference = SOURCE

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return np.asarray(evaluation.symmetric_sample_rmsd.min(axis=1))


METRICS = {
    "rmsd_recon_symmetric": SymmetricReconstructionRmsd,
    "rmsd_backmap_mean_symmetric": SymmetricBackmappingRmsd,
    "rmsd_backmap_min_symmetric": SymmetricBestSampleRmsd,
}
