"""Potential energies of samples above those of their MD frames."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.observables import MAX_ENERGY_FRAMES
from cgbench.metrics.base import EnsembleMetric, Evaluation, Observables, PerFrameMetric


class ExcessEnergy(PerFrameMetric, EnsembleMetric):
    """(E_sample − E_frame) / n_atoms in kJ/mol in the force field of the MD frames, mean over frames.

    0 is ideal; below 0 is colder than MD, not better. One close contact dominates an energy, so each is
    limited to 1,000 kJ/mol per atom, which is also the energy of atoms that have collapsed onto each other.
    One sample of each of 24 evenly spaced frames is measured; the other frames are NaN.
    """

    label = "Excess energy"
    unit = "kJ/mol per atom"
    better = "zero"
    atom_sets = ("all",)
    reference = "OpenMM (P. Eastman et al., PLoS Comput. Biol. 13, e1005659, 2017)"
    requires = "force field"
    max_frames = MAX_ENERGY_FRAMES
    minimised: ClassVar[bool] = False

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        return self._excess(evaluation.reference_observables, evaluation.sample_observables)

    def compare(self, first: Observables, second: Observables) -> float:
        return float(np.abs(np.nanmean(self._excess(first, second))))

    def _excess(self, first: Observables, second: Observables) -> NDArray[np.float64]:
        return np.asarray((second.energies - first.energies)[int(self.minimised)])


class MinimisedExcessEnergy(ExcessEnergy):
    """``energy_raw`` after at most 50 steps of L-BFGS on sample and frame alike; 0 is ideal.

    Near 0, samples relax into geometries of the molecule. Ring piercing, entangled chains, inverted chirality
    and broken rings remain. Below 0 is another energy basin, not a better sample.
    """

    label = "Excess energy, minimised"
    minimised = True


METRICS = {"energy_raw": ExcessEnergy, "energy_minimised": MinimisedExcessEnergy}
