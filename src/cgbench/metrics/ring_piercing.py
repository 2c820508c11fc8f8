"""Bonds of samples that pass through a ring.

Such a geometry may have the correct bond graph, and no minimisation repairs it. A ring has 3 to 8 atoms, its
surface consists of the triangles between its centre and its bonds, and bonds of its own atoms do not count.
"""

import numpy as np
from numpy.typing import NDArray

from cgbench.metrics.base import Evaluation, PerFrameMetric


class PiercedSamples(PerFrameMetric):
    """Share of samples in which any bond passes through a ring; lower is better.

    One ring is enough, so the share grows with the number of rings: compare methods, not molecules.
    """

    label = "Samples with a pierced ring"
    better = "lower"
    reference = "segment through triangles (T. Möller, B. Trumbore, J. Graph. Tools 2, 21, 1997)"
    requires = "rings of 3 to 8 atoms"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return np.asarray((evaluation.sample_observables.piercings > 0).mean(axis=1))


class Piercings(PiercedSamples):
    """Number of bonds through rings per sample; lower is better. Two linked rings count twice."""

    label = "Bonds through rings"
    unit = "1/sample"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return np.asarray(evaluation.sample_observables.piercings.mean(axis=1))


METRICS = {"ring_piercing": PiercedSamples, "ring_piercings": Piercings}
