"""Atoms of samples that are not bonded and too close to each other."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, PerFrameMetric


class Clashes(PerFrameMetric):
    """Pairs beyond 1-3 neighbours with d < R_i + R_j − 0.4 Å (van der Waals radii R), per 1,000 atoms.

    Mean over samples; lower is better. Hydrogen bonds and 1-4 neighbours count as well, so that MD frames
    have clashes too: compare with ``true_frames``. Fewer clashes than MD are a sign of spread-out atoms.
    """

    label = "Clashes"
    unit = "1/1000 atoms"
    better = "lower"
    reference = (
        "clashscore of MolProbity (I. W. Davis et al., Nucleic Acids Res. 35, W375, 2007) by its threshold "
        "of 0.4 Å; radii of A. Bondi (1964)"
    )

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        clashes = evaluation.sample_observables.contacts.clashes
        return np.asarray(1000.0 * clashes.mean(axis=1) / evaluation.molecule.n_atoms)


class Overlaps(PerFrameMetric):
    """Share of samples in which any two atoms that are not bonded are closer than 1.2 Å; lower is better.

    One pair is enough, so the share grows with the number of atoms: compare methods, not molecules.
    """

    label = "Samples with overlapping atoms"
    better = "lower"
    reference = "threshold of M. S. Jones, K. Shmilovich, A. L. Ferguson, arXiv 2307.12451 (DiAMoNDBack)"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return np.asarray(evaluation.sample_observables.contacts.overlaps.mean(axis=1))


METRICS = {"clashes": Clashes, "overlaps": Overlaps}
