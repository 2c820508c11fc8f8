"""Base classes of metrics: means over frames, and distances between distributions."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.atom_sets import AtomSet
from cgbench.chem.dihedrals import chi_atoms, phi_psi_atoms
from cgbench.chem.energy_distance import PAIR_SUMS, Grid, apart, energy_distance, pair_sums
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.observables import Observables as Observables
from cgbench.chem.peptide_groups import omega_atoms
from cgbench.chem.rings import planar_rings, rings
from cgbench.metrics._evaluation import Evaluation as Evaluation

# What a metric may require, and how many of it a molecule with the force field of its frames has.
REQUIREMENTS: dict[str, Callable[[Molecule, Sequence[str]], int]] = {
    "atoms": lambda molecule, _: molecule.n_atoms,
    "bonds": lambda molecule, _: len(molecule.bonds),
    "bond angles": lambda molecule, _: len(molecule.angles),
    "residues with N, CA, C and CB": lambda molecule, _: len(molecule.chiral_centres),
    "residues with a chiral CB": lambda molecule, _: len(molecule.chiral_beta_carbons),
    "peptide bonds": lambda molecule, _: len(omega_atoms(molecule)),
    "planar rings": lambda molecule, _: len(planar_rings(molecule)),
    "rings of 3 to 8 atoms": lambda molecule, _: len(rings(molecule)),
    "residues with φ and ψ": lambda molecule, _: len(phi_psi_atoms(molecule)),
    "side chains with χ": lambda molecule, _: len(chi_atoms(molecule)[0]),
    "force field": lambda molecule, force_field: len(force_field) * molecule.n_atoms,
}

# Of the sums of one distribution metric over blocks. The bundled molecules have up to 18 MiB in 20 blocks.
MOST_BYTES = 32 * 2**20


class MetricBase(ABC):
    """Base class of all metrics.

    A metric sums a few numbers over frames and computes its value from the sum. The sums over blocks of
    frames are stored, and the value of any selection of blocks follows from them without the geometries.

    Attributes
    ----------
    label
        Name for axes and table heads, without unit.
    unit
        ``"Å"``, ``"1"`` for dimensionless numbers, ...
    better
        Whether lower values, higher values, or those nearest to zero are better.
    rounding
        Largest difference that rounding explains, in ``unit``; methods that differ by no more are equal.
    atom_sets
        Sets of atoms for which the metric is defined.
    requires
        What a molecule must have, a key of :data:`REQUIREMENTS`.
    max_frames
        Largest number of frames that are measured.
    max_atoms
        Largest number of atoms of a molecule that is measured.
    """

    label: ClassVar[str]
    unit: ClassVar[str] = "1"
    better: ClassVar[Literal["lower", "higher", "zero"]]
    rounding: ClassVar[float] = 0.0
    atom_sets: ClassVar[tuple[AtomSet, ...]] = ("all", "heavy")
    reference: ClassVar[str]
    requires: ClassVar[str] = "atoms"
    max_frames: ClassVar[int] = sys.maxsize
    max_atoms: ClassVar[int] = sys.maxsize

    def applies(self, molecule: Molecule, force_field: Sequence[str] = ()) -> bool:
        """Whether a molecule is scored: it has what is required, and not too many atoms."""
        return molecule.n_atoms <= self.max_atoms and REQUIREMENTS[self.requires](molecule, force_field) > 0

    def measured(self, molecule: Molecule) -> IntArray:
        """Atoms that are measured: all of the set, by default."""
        return np.arange(molecule.n_atoms)

    def has_atoms(self, evaluation: Evaluation) -> bool:
        """Whether the samples have the atoms that are measured."""
        return not np.isin(evaluation.absent, self.measured(evaluation.molecule)).any()

    @abstractmethod
    def block_sums(self, evaluation: Evaluation, blocks: IntArray) -> NDArray[np.float64]:
        """Sum over the frames of each block: [n_blocks, k], or of fewer blocks that were joined.

        Parameters
        ----------
        blocks : int [n_frames]
            Block of each frame, 0 to n_blocks − 1, none of them empty.
        """

    @abstractmethod
    def value(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the value [...] from sums [..., k]; NaN where it is undefined."""


class EnsembleMetric(MetricBase):
    """Metric that compares ensembles and not each sample with its frame; MD against MD is its noise floor."""

    @abstractmethod
    def compare(
        self, first: Observables, second: Observables, first_blocks: IntArray, second_blocks: IntArray
    ) -> float:
        """Compute the distance between independent ensembles of one molecule with equally many geometries.

        Parameters
        ----------
        first_blocks, second_blocks : int [n_frames]
            Block of each frame, from 0 in each ensemble.
        """


def sum_and_count(scores: NDArray[np.float64], blocks: IntArray) -> NDArray[np.float64]:
    """Sum and number [n_blocks, 2] of the scores [n_frames] or [n_frames, m] that are not NaN."""
    rows = scores.reshape(len(scores), -1)
    sums, counts = np.nansum(rows, axis=1), (~np.isnan(rows)).sum(axis=1)
    return np.stack([np.bincount(blocks, sums), np.bincount(blocks, counts)], axis=1)


def sum_columns(scores: NDArray[np.float64], blocks: IntArray) -> NDArray[np.float64]:
    """Sum each column of the scores [n_frames, k] over the frames of each block: [n_blocks, k]."""
    return np.stack([np.bincount(blocks, column) for column in scores.T], axis=1)


def mean(total: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean [...] from sums and counts [..., 2]; NaN where the count is 0."""
    with np.errstate(invalid="ignore"):
        return np.asarray(total[..., 0] / total[..., 1])


class PerFrameMetric(MetricBase):
    """Metric that is computed from scores of single frames, which are stored; by default their mean.

    Attributes
    ----------
    frame_shape
        Shape of the score of one frame.
    """

    frame_shape: ClassVar[tuple[int, ...]] = ()

    @abstractmethod
    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: ``[n_frames, *frame_shape]``; NaN where the score is undefined."""

    def sum_frames(self, per_frame: NDArray[np.float64], blocks: IntArray) -> NDArray[np.float64]:
        """Sum scores over the frames of each block: [n_blocks, k]."""
        return sum_and_count(per_frame, blocks)

    def block_sums(self, evaluation: Evaluation, blocks: IntArray) -> NDArray[np.float64]:
        return self.sum_frames(self.per_frame(evaluation), blocks)

    def value(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        return mean(total)


class DistributionMetric(MetricBase):
    """Metric that compares distributions of terms, such as bond lengths, in samples and in MD frames.

    Attributes
    ----------
    grid
        Grid on which the distributions are given by weights.
    """

    grid: ClassVar[Grid]

    @abstractmethod
    def weights(self, observables: Observables, blocks: IntArray) -> NDArray[np.float64]:
        """Distribution of each term in each block, not normalised: [n_blocks, n_terms, bins]."""

    def most_terms(self, molecule: Molecule) -> int:
        """Upper limit of the number of terms: by default, the number of what the metric requires."""
        return REQUIREMENTS[self.requires](molecule, ())

    def joined(self, blocks: IntArray, molecule: Molecule) -> IntArray:
        """Join neighbouring blocks [n_frames] of a large molecule, so that their sums are not too large.

        At least three are kept, if there are as many: an interval of an energy distance needs them.
        """
        bytes_of_block = 8 * self.most_terms(molecule) * (2 * self.grid.bins + PAIR_SUMS)
        n_blocks = int(blocks.max()) + 1
        kept = min(n_blocks, max(3, MOST_BYTES // max(bytes_of_block, 1)))
        return np.asarray(blocks * kept // n_blocks)


class HistogramDistance(DistributionMetric):
    """Distance between the two histograms of a term, mean over terms.

    It depends on the numbers of frames and samples: two histograms of few values differ, even if the values
    are from one distribution. k = 2 · n_terms · bins: the weights in MD frames, then those in samples.
    """

    @abstractmethod
    def distance(self, first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance [...] between distributions [..., bins], which need not be normalised."""

    def block_sums(self, evaluation: Evaluation, blocks: IntArray) -> NDArray[np.float64]:
        blocks = self.joined(blocks, evaluation.molecule)
        frames = self.weights(evaluation.reference_observables, blocks)
        samples = self.weights(evaluation.sample_observables, blocks)
        return np.stack([frames, samples], axis=1).reshape(len(frames), -1)

    def value(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        both = total.reshape(*total.shape[:-1], 2, -1, self.grid.bins)
        return np.asarray(self.distance(both[..., 0, :, :], both[..., 1, :, :]).mean(axis=-1))


class EnergyDistance(DistributionMetric, EnsembleMetric):
    """Energy distance between the two distributions of a term, mean over terms.

    It is estimated from pairs of geometries in different blocks (:mod:`cgbench.chem.energy_distance`), so
    that its mean depends neither on the number of frames nor on the number of samples, nor on whether these
    are equal. Two blocks at least are needed; the value is NaN with a single one.

    k = n_terms · (2 · bins + 6): for each term the weights in MD frames, those in samples, and the sums over
    pairs within blocks.
    """

    better = "lower"
    rounding = 1e-6
    reference = "G. J. Székely, M. L. Rizzo, J. Stat. Plan. Inference 143, 1249 (2013)"

    def block_sums(self, evaluation: Evaluation, blocks: IntArray) -> NDArray[np.float64]:
        blocks = self.joined(blocks, evaluation.molecule)
        return self._sums(
            self.weights(evaluation.reference_observables, blocks),
            self.weights(evaluation.sample_observables, blocks),
        )

    def value(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(energy_distance(self.grid, *self.terms(total)).mean(axis=-1))

    def compare(
        self, first: Observables, second: Observables, first_blocks: IntArray, second_blocks: IntArray
    ) -> float:
        weights = (
            self.weights(each, self.joined(blocks, each.molecule))
            for each, blocks in ((first, first_blocks), (second, second_blocks))
        )
        return float(self.value(self._sums(*apart(*weights)).sum(axis=0)))

    def _sums(self, frames: NDArray[np.float64], samples: NDArray[np.float64]) -> NDArray[np.float64]:
        of_terms = [frames, samples, pair_sums(self.grid, frames, samples)]
        return np.concatenate(of_terms, axis=-1).reshape(len(frames), -1)

    def terms(
        self, sums: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Split sums into weights in frames, weights in samples and sums over pairs: [..., n_terms, m]."""
        bins = self.grid.bins
        by_term = sums.reshape(*sums.shape[:-1], -1, 2 * bins + PAIR_SUMS)
        return by_term[..., :bins], by_term[..., bins : 2 * bins], by_term[..., 2 * bins :]
