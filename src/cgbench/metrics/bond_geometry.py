"""Bond lengths and bond angles of samples, compared with MD."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.histograms import UniformGrid
from cgbench.chem.molecule import IntArray
from cgbench.metrics.base import (
    DistributionMetric,
    EnergyDistance,
    Evaluation,
    HistogramDistance,
    Observables,
    PerFrameMetric,
)


class _Bonds(DistributionMetric):
    unit = "Å"
    requires = "bonds"
    grid = UniformGrid(step=0.01, n_intervals=300)  # to 3 Å

    def weights(self, observables: Observables, blocks: IntArray) -> NDArray[np.float64]:
        return self.grid.weights(observables.bond_lengths, blocks)


class _Angles(DistributionMetric):
    unit = "°"
    requires = "bond angles"
    grid = UniformGrid(step=1.0, n_intervals=180)

    def weights(self, observables: Observables, blocks: IntArray) -> NDArray[np.float64]:
        return self.grid.weights(observables.bond_angles, blocks)


class BondLengthEnergyDistance(_Bonds, EnergyDistance):
    """Energy distance between the lengths of a bond in samples and in MD frames, mean over bonds.

    2 E|X − Y| − E|X − X'| − E|Y − Y'| = 2 ∫ (F_samples − F_MD)² dℓ in Å, with cumulative distributions F: 2Δ
    for narrow distributions Δ apart. Lower is better; samples from the correct distribution have 0 on
    average, and a single value may be negative. It measures wrong means and wrong widths. Lengths above 3 Å
    count as 3 Å. Correct lengths in the wrong frames are not noticed.
    """

    label = "Bond lengths, energy distance"


class AngleEnergyDistance(_Angles, EnergyDistance):
    """Energy distance between a bond angle in samples and in MD frames, mean over angles.

    As ``bond_length_energy_distance``, in degrees; lower is better. The undefined angle of two coinciding
    atoms counts as 0°, so that collapsed atoms are penalised and not left out.
    """

    label = "Bond angles, energy distance"


class _W1(HistogramDistance):
    better = "lower"
    reference = "L. N. Vaserstein (1969); one dimension, by the cumulative distributions"
    grid: ClassVar[UniformGrid]

    def distance(self, first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.grid.wasserstein(first, second)


class BondLengthW1(_Bonds, _W1):
    """Wasserstein-1 distance between the lengths of a bond in samples and in MD frames, mean over bonds.

    W1 = ∫ |F_samples − F_MD| dℓ in Å for each bond, with cumulative distributions F; lower is better. For
    bonds that the simulation constrains, it is the mean error of their length. It is above 0 for samples from
    the correct distribution, the more so as there are fewer: ``bond_length_energy_distance`` is not.
    """

    label = "Bond lengths, W1"


class AngleW1(_Angles, _W1):
    """Wasserstein-1 distance between a bond angle in samples and in MD frames, mean over angles.

    As ``bond_length_w1``, in degrees; lower is better. The undefined angle of two coinciding atoms counts as
    0°, so that collapsed atoms are penalised and not left out.
    """

    label = "Bond angles, W1"


class BondsWithin10Percent(PerFrameMetric):
    """Share of bonds with a length within 10 % of that in the frame, over all samples; higher is better.

    A threshold does not tell 11 % from a broken bond, nor 1 % from 9 %; ``bond_length_w1`` does.
    """

    label = "Bonds within 10 %"
    better = "higher"
    reference = "threshold of M. S. Jones, K. Shmilovich, A. L. Ferguson, arXiv 2307.12451 (DiAMoNDBack)"
    requires = "bonds"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        expected = evaluation.reference_observables.bond_lengths
        error = np.abs(evaluation.sample_observables.bond_lengths - expected)
        return np.asarray((error <= 0.1 * expected).mean(axis=(1, 2)))


METRICS = {
    "bond_length_energy_distance": BondLengthEnergyDistance,
    "angle_energy_distance": AngleEnergyDistance,
    "bond_length_w1": BondLengthW1,
    "angle_w1": AngleW1,
    "bonds_within_10pct": BondsWithin10Percent,
}
