"""Energy score: a strictly proper score of the samples of a frame."""

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.atom_sets import ATOM_SETS, WITH_EQUIVALENT_ATOMS
from cgbench.metrics.base import Evaluation, PerFrameMetric


def energy_score(error: NDArray[np.float64], spread: NDArray[np.float64]) -> NDArray[np.float64]:
    """Energy score [n_frames] of samples from distances to the frame and between samples.

    Parameters
    ----------
    error : float [n_frames, n_samples]
        Distance of each sample from the frame.
    spread : float [n_frames, n_pairs]
        Distances between two different samples of the frame; no pairs for a single sample.
    """
    if spread.shape[1] == 0:
        return np.asarray(error.mean(axis=1))
    return np.asarray(error.mean(axis=1) - 0.5 * spread.mean(axis=1))


class EnergyScore(PerFrameMetric):
    """Mean RMSD of samples from their frame minus half the mean RMSD between two of them, in Å.

    Strictly proper: the expected score is lowest for samples from the true conditional distribution p(x|X),
    and higher for every other distribution, narrower, wider or displaced. The second mean is over pairs of
    different samples, so the expected score does not depend on the number of samples. For a deterministic
    method, and with one sample per frame, it equals the RMSD.
    """

    label = "Energy score"
    unit = "Å"
    better = "lower"
    atom_sets = ATOM_SETS
    reference = "T. Gneiting, A. E. Raftery, J. Am. Stat. Assoc. 102, 359 (2007), with the RMSD as norm"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return energy_score(evaluation.sample_rmsd, evaluation.sample_observables.pairwise_rmsd)


class SymmetricEnergyScore(PerFrameMetric):
    """``energy_score`` with RMSDs over permutations of equivalent atoms, in Å.

    A flipped phenyl ring or a turned methyl group is no error and no diversity. This distance is not of
    negative type, so the score is not proper: distributions of ring and methyl torsions that are wrong in
    shape can have a slightly lower expected score than the true one.
    """

    label = "Energy score, equivalent atoms"
    unit = "Å"
    better = "lower"
    atom_sets = WITH_EQUIVALENT_ATOMS
    requires = "bonds"
    reference = (
        "as energy_score; symmetry-corrected RMSD as R. Meli, P. C. Biggin, J. Cheminform. 12, 49 (2020)"
    )

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return energy_score(evaluation.symmetric_sample_rmsd, evaluation.symmetric_pairwise_rmsd)


METRICS = {"energy_score": EnergyScore, "energy_score_symmetric": SymmetricEnergyScore}
