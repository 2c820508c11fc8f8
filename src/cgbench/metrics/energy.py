"""Potential energies of samples, compared with those of MD frames in the same force field.

A single close contact can make an energy arbitrarily high and would decide a mean. Quantiles are not
affected, and the share of samples at the limit is reported beside them. One sample of each of at most 200
evenly spaced frames is measured, of 20 after minimisation; the other frames are NaN. Molecules of more than
2,000 atoms are not measured, and minimised if they have at most 600.
"""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import IntArray
from cgbench.chem.observables import (
    MAX_ENERGY_ATOMS,
    MAX_ENERGY_FRAMES,
    MAX_MINIMISED_ATOMS,
    MAX_MINIMISED_FRAMES,
)
from cgbench.metrics.base import EnsembleMetric, Evaluation, Observables, PerFrameMetric


class _Energy(PerFrameMetric):
    atom_sets = ("all",)
    reference = "OpenMM (P. Eastman et al., PLoS Comput. Biol. 13, e1005659, 2017)"
    requires = "force field"
    max_frames = MAX_ENERGY_FRAMES
    max_atoms = MAX_ENERGY_ATOMS
    minimised: ClassVar[bool] = False

    def energies(self, observables: Observables) -> NDArray[np.float64]:
        """Energies [n_frames], kJ/mol per atom."""
        return np.asarray(observables.energies[int(self.minimised)])


class _Quantile(_Energy, EnsembleMetric):
    """Quantile of energies.

    k = 3 · max_frames: 1, its energy and the energy of its sample for each measured frame, in the row of its
    block; 0 in the other rows. The sum over blocks, each as often as it was drawn, has how often a frame was
    drawn, and as many times its energies: all that a quantile needs.
    """

    unit = "kJ/mol per atom"
    better = "zero"
    frame_shape = (2,)
    share: ClassVar[float]

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Energies of each test frame and of its first sample: [n_frames, 2]."""
        return self._pairs(evaluation.reference_observables, evaluation.sample_observables)

    def _pairs(self, first: Observables, second: Observables) -> NDArray[np.float64]:
        return np.stack([self.energies(first), self.energies(second)], axis=1)

    def sum_frames(self, per_frame: NDArray[np.float64], blocks: IntArray) -> NDArray[np.float64]:
        measured = np.flatnonzero(~np.isnan(per_frame).any(axis=1))
        sums = np.zeros((int(blocks.max()) + 1, self.max_frames, 3))
        sums[blocks[measured], np.arange(len(measured))] = np.insert(per_frame[measured], 0, 1.0, axis=1)
        return sums.reshape(len(sums), -1)

    def value(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        drawn, *summed = np.moveaxis(total.reshape(*total.shape[:-1], -1, 3), -1, 0)
        of_frames, of_samples = (_quantile(energies, drawn, self.share) for energies in summed)
        return np.asarray(of_samples - of_frames)

    def compare(
        self, first: Observables, second: Observables, first_blocks: IntArray, second_blocks: IntArray
    ) -> float:
        sums = self.sum_frames(self._pairs(first, second), np.zeros_like(first_blocks))
        return float(np.abs(self.value(sums[0])))


def _quantile(summed: NDArray[np.float64], drawn: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Quantile [...] of values that were drawn so many times, from their sums [..., n]; NaN if none was.

    Where the share falls between two values, it is their mean.
    """
    values = np.divide(summed, drawn, out=np.full_like(summed, np.inf), where=drawn > 0)
    order = np.argsort(values, axis=-1)
    reached = np.cumsum(np.take_along_axis(drawn, order, axis=-1), axis=-1)
    wanted = share * reached[..., -1:]
    places = [(reached >= wanted).argmax(axis=-1), (reached > wanted).argmax(axis=-1)]
    ends = np.take_along_axis(np.take_along_axis(values, order, axis=-1), np.stack(places, axis=-1), axis=-1)
    return np.where(reached[..., -1] > 0, ends.mean(axis=-1), np.nan)


class Median(_Quantile):
    """Median energy of samples minus the median energy of their MD frames, per atom; 0 is ideal.

    Below 0 is colder than MD, not better. An energy is at most 1,000 kJ/mol per atom, which is also that of
    atoms that have collapsed onto each other.
    """

    label = "Excess energy, median"
    share = 0.5


class LowerQuartile(_Quantile):
    """Lower quartile of the energies of samples minus that of MD frames, as ``energy_raw_median``."""

    label = "Excess energy, lower quartile"
    share = 0.25


class UpperQuartile(_Quantile):
    """Upper quartile of the energies of samples minus that of MD frames, as ``energy_raw_median``."""

    label = "Excess energy, upper quartile"
    share = 0.75


class Cut(_Energy):
    """Share of samples with an energy of 1,000 kJ/mol per atom or more; lower is better, MD frames have 0.

    That is also the energy of samples with two atoms closer than 0.5 Å.
    """

    label = "Energies beyond the limit"
    better = "lower"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        from cgbench.chem.force_field import MAX_ENERGY  # loads OpenMM, as computing energies does

        energies = self.energies(evaluation.sample_observables)
        return np.where(np.isnan(energies), np.nan, energies >= MAX_ENERGY)


class _Minimised(_Energy):
    max_frames = MAX_MINIMISED_FRAMES
    max_atoms = MAX_MINIMISED_ATOMS
    minimised = True


class MinimisedMedian(_Minimised, Median):
    """``energy_raw_median`` after at most 50 steps of L-BFGS on samples and frames alike; 0 is ideal.

    Near 0, samples relax into geometries of the molecule. Ring piercing, entangled chains, inverted chirality
    and broken rings remain. Below 0 is another energy basin, not a better sample.
    """

    label = "Minimised energy, median"


class MinimisedLowerQuartile(_Minimised, LowerQuartile):
    """``energy_raw_lower_quartile`` after minimisation, as ``energy_minimised_median``."""

    label = "Minimised energy, lower quartile"


class MinimisedUpperQuartile(_Minimised, UpperQuartile):
    """``energy_raw_upper_quartile`` after minimisation, as ``energy_minimised_median``."""

    label = "Minimised energy, upper quartile"


class MinimisedCut(_Minimised, Cut):
    """``energy_raw_cut`` after minimisation, as ``energy_minimised_median``."""

    label = "Minimised energies beyond the limit"


METRICS = {
    "energy_raw_median": Median,
    "energy_raw_lower_quartile": LowerQuartile,
    "energy_raw_upper_quartile": UpperQuartile,
    "energy_raw_cut": Cut,
    "energy_minimised_median": MinimisedMedian,
    "energy_minimised_lower_quartile": MinimisedLowerQuartile,
    "energy_minimised_upper_quartile": MinimisedUpperQuartile,
    "energy_minimised_cut": MinimisedCut,
}
