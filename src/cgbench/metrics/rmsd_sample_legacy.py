"""The sampling RMSD as the published implementation filters it."""

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import IntArray
from cgbench.metrics.base import Evaluation, MetricBase, mean, sum_and_count


class Metric(MetricBase):
    """Sampling RMSD over samples whose whole bond graph is right: for comparison with published numbers only.

    A method is scored on its survivors: one that draws broken molecules loses them and may gain by
    it, and of ten thousand samples this may be the mean of one. NaN where no sample is left. Read it
    beside ``graph_exact``, the share that is left; ``rmsd_sample`` counts every sample. The published
    filter asks for the graph of the frame, this one for that of the topology, as ``graph_exact`` does.
    """

    label = "Sampling RMSD of valid samples"
    unit = "Å"
    better = "higher"
    reference = "code of arXiv 2201.12176"
    needs = "bonds"

    def statistics(self, evaluation: Evaluation, blocks: IntArray) -> NDArray[np.float64]:
        """Sum of the RMSD of valid samples, and their number: [n_blocks, 2]."""
        contacts = evaluation.sample_observables.contacts
        valid = contacts.missing + contacts.extra == 0
        return sum_and_count(np.where(valid, evaluation.sample_rmsd, np.nan), blocks)

    def value(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean over all valid samples, Å."""
        return mean(total)
