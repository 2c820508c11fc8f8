"""Root mean square deviations (RMSD) of reconstructions and samples from their MD frames.

The RMSD of two geometries is sqrt(mean over atoms |x̃ − x|²), without superposition: the beads fix position
and orientation. The symmetry-corrected RMSD is the lowest one over all permutations of
:mod:`cgbench.chem.equivalent_atoms`: a turned methyl group or a flipped phenyl ring is no error.
"""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.atom_sets import ATOM_SETS, WITH_EQUIVALENT_ATOMS
from cgbench.chem.molecule import IntArray
from cgbench.metrics.base import Evaluation, MetricBase, PerFrameMetric, mean, sum_and_count


class _Rmsd(PerFrameMetric):
    unit = "Å"
    better: ClassVar[Literal["lower", "higher"]] = "lower"


class ReconstructionRmsd(_Rmsd):
    """RMSD of the reconstruction from its frame in Å, mean over frames; lower is better.

    The reconstruction is decoded without noise from the encoded frame, or from its beads by a method without
    an encoder, so it does not compare the two kinds of methods fairly.
    """

    label = "Reconstruction RMSD"
    atom_sets = ATOM_SETS
    reference = "arXiv 2201.12176, section 5, with the mean over frames after the root"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return evaluation.reconstruction_rmsd


class DrawnReconstructionRmsd(_Rmsd):
    """``rmsd_recon`` of a reconstruction that is decoded from a draw from the posterior, not from its mean.

    Its difference from ``rmsd_recon`` measures the width of the posterior. Both are equal for methods that
    encode to one point or not at all.
    """

    label = "Reconstruction RMSD, posterior draw"
    reference = "code of arXiv 2201.12176"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return evaluation.reconstruction_draw_rmsd


class PublishedReconstructionRmsd(_Rmsd):
    """sqrt(mean over frames and atoms |x̂ − x|²) in Å, for comparison with published numbers only.

    x̂ is decoded from a posterior draw, as for ``rmsd_recon_draw``. With one root over all frames, a few bad
    frames weigh more than in ``rmsd_recon_draw``, and the value is never lower.
    """

    label = "Reconstruction RMSD, posterior draw, pooled"
    reference = "code of arXiv 2201.12176"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return np.square(evaluation.reconstruction_draw_rmsd)

    def value(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.sqrt(super().value(total))


class BackmappingRmsd(_Rmsd):
    """RMSD of samples from their frame in Å, mean over samples and frames; lower is better.

    Samples are generated from the beads alone, so methods with and without an encoder are compared fairly.
    The value equals ``rmsd_sample``, which reads it as diversity. It favours a method that predicts the mean
    geometry; ``rmsd_backmap_min`` favours one with a sample close to the frame.
    """

    label = "Backmapping RMSD"
    atom_sets = ATOM_SETS
    reference = "sampling RMSD of arXiv 2201.12176, section 5, read as an error"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return np.asarray(evaluation.sample_rmsd.mean(axis=1))


class BestSampleRmsd(_Rmsd):
    """Lowest RMSD of the samples of a frame in Å, mean over frames; lower is better.

    It falls with the number of samples: compare values only at equal ``protocol.n_samples``.
    """

    label = "Best-of-samples RMSD"
    atom_sets = ATOM_SETS
    reference = "minimum over K samples, as usual for conformer generators (e.g. arXiv 2203.02923)"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return np.asarray(evaluation.sample_rmsd.min(axis=1))


class SamplingRmsd(BackmappingRmsd):
    """RMSD of samples from their frame in Å, mean over samples and frames; higher is better, as published.

    Read as diversity, it does not tell spread from error: ``diversity`` does, and ``rmsd_backmap_mean`` is
    the same number read as an error. The published value leaves out samples with a wrong bond graph
    (``rmsd_sample_legacy``); this one counts every sample.
    """

    label = "Sampling RMSD (diversity)"
    better = "higher"
    reference = "arXiv 2201.12176, section 5; without its validity filter"


class PublishedSamplingRmsd(MetricBase):
    """``rmsd_sample`` over samples with an exact bond graph, for comparison with published numbers only.

    A method that generates many broken molecules is scored on the few valid ones and may gain by it: read
    the value beside ``graph_exact``, the share of valid samples. NaN if no sample is valid. The published
    filter compares with the bond graph of the frame, this one with that of the topology.
    """

    label = "Sampling RMSD of valid samples"
    unit = "Å"
    better = "higher"
    reference = "code of arXiv 2201.12176"
    requires = "bonds"

    def block_sums(self, evaluation: Evaluation, blocks: IntArray) -> NDArray[np.float64]:
        contacts = evaluation.sample_observables.contacts
        valid = contacts.missing + contacts.extra == 0
        return sum_and_count(np.where(valid, evaluation.sample_rmsd, np.nan), blocks)

    def value(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        return mean(total)


class _SymmetricRmsd(_Rmsd):
    atom_sets = WITH_EQUIVALENT_ATOMS
    requires = "bonds"
    reference = "symmetry-corrected RMSD, R. Meli, P. C. Biggin, J. Cheminform. 12, 49 (2020)"


class SymmetricReconstructionRmsd(_SymmetricRmsd):
    """``rmsd_recon`` over permutations of equivalent atoms in Å; lower is better."""

    label = "Reconstruction RMSD, equivalent atoms"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return evaluation.symmetric_reconstruction_rmsd


class SymmetricBackmappingRmsd(_SymmetricRmsd):
    """``rmsd_backmap_mean`` over permutations of equivalent atoms in Å; lower is better."""

    label = "Backmapping RMSD, equivalent atoms"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return np.asarray(evaluation.symmetric_sample_rmsd.mean(axis=1))


class SymmetricBestSampleRmsd(_SymmetricRmsd):
    """``rmsd_backmap_min`` over permutations of equivalent atoms in Å; lower is better."""

    label = "Best-of-samples RMSD, equivalent atoms"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return np.asarray(evaluation.symmetric_sample_rmsd.min(axis=1))


METRICS = {
    "rmsd_recon": ReconstructionRmsd,
    "rmsd_recon_draw": DrawnReconstructionRmsd,
    "rmsd_recon_legacy": PublishedReconstructionRmsd,
    "rmsd_backmap_mean": BackmappingRmsd,
    "rmsd_backmap_min": BestSampleRmsd,
    "rmsd_sample": SamplingRmsd,
    "rmsd_sample_legacy": PublishedSamplingRmsd,
    "rmsd_recon_symmetric": SymmetricReconstructionRmsd,
    "rmsd_backmap_mean_symmetric": SymmetricBackmappingRmsd,
    "rmsd_backmap_min_symmetric": SymmetricBestSampleRmsd,
}
