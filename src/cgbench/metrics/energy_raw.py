"""How much strain samples are under."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.observables import MAX_ENERGY_FRAMES
from cgbench.metrics.base import Evaluation, MeanOverFrames, Observables, Unpaired


class Metric(MeanOverFrames, Unpaired):
    """Potential energy of a sample above that of its frame, per atom, in the force field of the data.

    One close contact decides it, so each energy is cut at 1,000 kJ/mol per atom; atoms that have fallen
    into each other, which charges may do without end, have as much. One sample for each of
    24 evenly spaced frames; the others are NaN and do not count. Below 0 is colder than MD, not better.
    """

    label = "Excess energy"
    unit = "kJ/mol per atom"
    better = "zero"
    atom_sets = ("all",)
    reference = "OpenMM (P. Eastman et al., PLoS Comput. Biol. 13, e1005659, 2017)"
    needs = "force field"
    most_frames = MAX_ENERGY_FRAMES
    minimised: ClassVar[bool] = False

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames], kJ/mol per atom."""
        return self._excess(evaluation.reference_observables, evaluation.sample_observables)

    def between(self, first: Observables, second: Observables) -> float:
        """Difference of the mean energies, whichever is higher, kJ/mol per atom."""
        return float(np.abs(np.nanmean(self._excess(first, second))))

    def _excess(self, first: Observables, second: Observables) -> NDArray[np.float64]:
        return np.asarray((second.energies - first.energies)[int(self.minimised)])
