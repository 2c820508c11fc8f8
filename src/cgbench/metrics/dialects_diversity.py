"""Diversity scores (DIV) as other papers define them, for comparison with their numbers: docs/dialects.md.

All superpose geometries before an RMSD, which ``diversity`` does not.
"""

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.geometry import all_pairs
from cgbench.chem.superposition import shape_distances_of_pairs
from cgbench.metrics.base import Evaluation, PerFrameMetric
from cgbench.metrics.dialects import CODLAD, DIAMONDBACK, FLOWBACK
from cgbench.metrics.diversity import Metric as Diversity


class DiamondbackDiversity(Diversity):
    """``diversity`` of heavy atoms with superposed RMSDs: 1 − RMSD between samples / RMSD from the frame.

    Superposition hides wrong positions and orientations relative to the beads.
    """

    label = "DIV (DiAMoNDBack)"
    atom_sets = ("heavy",)
    reference = f"code of {DIAMONDBACK}"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        between, _, to_frame = _superposed(evaluation)
        return np.stack([between, to_frame], axis=1)


class FlowBackDiversity(PerFrameMetric):
    """As ``diamondback_div``, but with the division in each frame before the mean over frames.

    Samples from the true conditional distribution have a value below 0 where it has several states.
    """

    label = "DIV (FlowBack)"
    better = "zero"
    atom_sets = ("heavy",)
    reference = f"code of {FLOWBACK}"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        between, _, to_frame = _superposed(evaluation)
        return np.asarray(Diversity().value(np.stack([between, to_frame], axis=1)))


class CodladDiversity(Diversity):
    """1 − RMSD of samples from their mean / RMSD of samples from the frame, superposed, over all frames.

    Samples from the true conditional distribution score 1 − sqrt((K − 1) / 2K) with K samples, 0.33 with 10,
    and not 0. The mean over samples is taken without superposition.
    """

    label = "DIV (CODLAD)"
    atom_sets = ("heavy",)
    reference = f"code of {CODLAD}"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        _, to_mean, to_frame = _superposed(evaluation)
        return np.stack([to_mean, to_frame], axis=1)


def _superposed(evaluation: Evaluation) -> list[NDArray[np.float64]]:
    """Mean superposed RMSDs [n_frames], Å: between samples, of samples from their mean, and from the frame.

    The first two are NaN with one sample per frame.
    """
    samples = evaluation.samples
    n_samples = samples.shape[1]
    mean_sample = samples.mean(axis=1, keepdims=True, dtype=np.float64)
    shapes = np.concatenate([samples, mean_sample, evaluation.reference[:, None]], axis=1)
    each = np.arange(n_samples)
    groups = [all_pairs(n_samples), *(np.stack([each, np.full_like(each, n_samples + k)], 1) for k in (0, 1))]
    distances = shape_distances_of_pairs(shapes, np.concatenate(groups))
    between, to_mean, to_frame = np.split(distances, np.cumsum([len(group) for group in groups])[:-1], axis=1)
    if n_samples == 1:
        between = to_mean = np.full_like(to_frame, np.nan)
    return [part.mean(axis=1) for part in (between, to_mean, to_frame)]


METRICS = {
    "diamondback_div": DiamondbackDiversity,
    "flowback_div": FlowBackDiversity,
    "codlad_div": CodladDiversity,
}
