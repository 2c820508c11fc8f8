"""How often atoms that are no neighbours come too close."""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, MeanOverFrames


class Metric(MeanOverFrames):
    """Pairs beyond 1-3 neighbours closer than the sum of their van der Waals radii − 0.4 Å, per 1,000 atoms.

    Hydrogen bonds and 1-4 neighbours count as well, so that MD frames have clashes too: read it beside
    the value of the true frames. Fewer than they have means spread out, not better.
    """

    label = "Clashes"
    unit = "1/1000 atoms"
    better = "lower"
    reference = (
        "clashscore of MolProbity (I. W. Davis et al., Nucleic Acids Res. 35, W375, 2007) by its threshold "
        "of 0.4 Å; radii of A. Bondi (1964)"
    )

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames]."""
        clashes = evaluation.sample_observables.contacts.clashes
        return np.asarray(1000.0 * clashes.mean(axis=1) / evaluation.molecule.n_atoms)
