"""Errors of bond graphs: missing and spurious bonds of samples and reconstructions.

Atoms i and j of a geometry are bonded if d_ij < 1.3 (r_i + r_j) with covalent radii r. The rule is generous,
so that a correct bond graph does not imply correct bond lengths; ``bond_length_w1`` measures those.
"""

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.bonds_and_clashes import Contacts
from cgbench.chem.molecule import IntArray
from cgbench.metrics.base import Evaluation, PerFrameMetric


class GraphDifference(PerFrameMetric):
    """λ = Σ|A_sample − A_topology| / Σ A_topology, mean over samples: missing and spurious bonds per bond.

    Dimensionless, lower is better, not bounded: collapsed atoms have many spurious bonds. The published
    implementation computes |Σ(A_frame − A_sample)| instead, see ``graph_legacy``.
    """

    label = "Graph error λ"
    better = "lower"
    reference = "formula of arXiv 2201.12176, section 5"
    requires = "bonds"

    def wrong(self, contacts: Contacts) -> IntArray:
        """Count the wrong bonds of each geometry: [n_frames, n_samples]."""
        return np.asarray(contacts.missing + contacts.extra)

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        wrong = self.wrong(evaluation.sample_observables.contacts)
        return np.asarray(wrong.mean(axis=1) / len(evaluation.molecule.bonds))


class MissingBonds(GraphDifference):
    """Bonds of the topology that a sample lacks, per bond of the topology; mean over samples.

    Dimensionless, lower is better. ``graph_missing`` and ``graph_extra`` sum to ``graph_xor``. Collapsed
    atoms have no missing bonds.
    """

    label = "Missing bonds"
    reference = "part of λ of arXiv 2201.12176, section 5"

    def wrong(self, contacts: Contacts) -> IntArray:
        return np.asarray(contacts.missing)


class SpuriousBonds(GraphDifference):
    """Bonds of a sample that the topology lacks, per bond of the topology; mean over samples.

    Dimensionless, lower is better. Atoms that are too far apart have no spurious bonds.
    """

    label = "Spurious bonds"
    reference = "part of λ of arXiv 2201.12176, section 5"

    def wrong(self, contacts: Contacts) -> IntArray:
        return np.asarray(contacts.extra)


class ExactGraph(PerFrameMetric):
    """Share of samples with exactly the bonds of the topology; higher is better.

    One wrong bond invalidates a sample, so the share falls with the size of the molecule.
    """

    label = "Exact bond graph"
    better = "higher"
    reference = "validity criterion of arXiv 2201.12176, section 5, against the topology"
    requires = "bonds"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        contacts = evaluation.sample_observables.contacts
        return np.asarray((contacts.missing + contacts.extra == 0).mean(axis=1))


class PublishedDifference(GraphDifference):
    """|Σ(A_frame − A_sample)| / Σ A_frame, mean over samples, for comparison with published numbers only.

    Two faults of the published implementation are kept: a missing and a spurious bond cancel, and a bond
    that is stretched in the frame is not counted. ``graph_xor`` has neither. NaN for a frame without bonds.
    """

    label = "Graph error λ, as published"
    reference = "code of arXiv 2201.12176"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        frame, samples = evaluation.reference_observables.contacts, evaluation.sample_observables.contacts
        in_frame = (len(evaluation.molecule.bonds) + frame.extra - frame.missing)[:, 0]
        in_samples = len(evaluation.molecule.bonds) + samples.extra - samples.missing
        error = np.abs(in_frame[:, None] - in_samples).mean(axis=1)
        return np.asarray(np.divide(error, in_frame, out=np.full_like(error, np.nan), where=in_frame > 0))


class ReconstructionDifference(GraphDifference):
    """λ of the reconstruction: its missing and spurious bonds per bond of the topology, as ``graph_xor``."""

    label = "Graph error λ, reconstruction"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        wrong = self.wrong(evaluation.reconstruction_observables.contacts)
        return np.asarray(wrong[:, 0] / len(evaluation.molecule.bonds))


METRICS = {
    "graph_xor": GraphDifference,
    "graph_missing": MissingBonds,
    "graph_extra": SpuriousBonds,
    "graph_exact": ExactGraph,
    "graph_legacy": PublishedDifference,
    "graph_xor_recon": ReconstructionDifference,
}
