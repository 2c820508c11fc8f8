"""The contract of a metric, and its two kinds: means over frames and distances of distributions."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.dihedrals import chi_atoms, phi_psi_atoms
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.observables import Observables
from cgbench.metrics._evaluation import AtomSet, Evaluation

__all__ = [
    "AtomSet",
    "Distribution",
    "Evaluation",
    "MeanOverFrames",
    "MetricBase",
    "Observables",
    "OverFrames",
    "RatioOfMeans",
    "Unpaired",
    "mean",
    "sum_and_count",
]

# What a metric may need, and how many there are of it for a molecule and the force field of its frames.
NEEDS: dict[str, Callable[[Molecule, Sequence[str]], int]] = {
    "atoms": lambda molecule, _: molecule.n_atoms,
    "bonds": lambda molecule, _: len(molecule.bonds),
    "bond angles": lambda molecule, _: len(molecule.angles),
    "residues with N, CA, C and CB": lambda molecule, _: len(molecule.chiral_centres),
    "residues with φ and ψ": lambda molecule, _: len(phi_psi_atoms(molecule)),
    "side chains with χ": lambda molecule, _: len(chi_atoms(molecule)[0]),
    "force field": lambda molecule, force_field: len(force_field) * molecule.n_atoms,
}


class MetricBase(ABC):
    """Contract of a metric: one file in ``cgbench/metrics`` with one class named ``Metric``.

    A metric is a sum over frames and what is made of the sum: ``value(statistics(...).sum(axis=0))``.
    Sums over blocks of frames are stored, so its value over any of them, and over any bootstrap
    resample, costs no second look at a geometry.

    Attributes
    ----------
    label
        Name for axes and table heads, without unit.
    unit
        ``"Å"``, ``"1"`` for pure numbers, ...
    better
        Whether lower or higher values are better, or those nearest to zero.
    rounding
        Differences up to it, in the unit, are of floating point and not of methods.
    atom_sets
        For which sets of atoms it is defined.
    reference
        Where its definition comes from.
    needs
        What a molecule must have, a key of :data:`NEEDS`.
    most_frames
        On how many frames it is measured, of more.
    """

    label: ClassVar[str]
    unit: ClassVar[str]
    better: ClassVar[Literal["lower", "higher", "zero"]]
    rounding: ClassVar[float] = 0.0
    atom_sets: ClassVar[tuple[AtomSet, ...]] = ("all", "heavy")
    reference: ClassVar[str]
    needs: ClassVar[str] = "atoms"
    most_frames: ClassVar[int] = sys.maxsize

    def applies(self, molecule: Molecule, force_field: Sequence[str] = ()) -> bool:
        """Whether a molecule, of all or of heavy atoms, has what the metric ``needs``; else it has no row."""
        return NEEDS[self.needs](molecule, force_field) > 0

    @abstractmethod
    def statistics(self, evaluation: Evaluation, blocks: IntArray) -> NDArray[np.float64]:
        """Sum over the frames of each block: [n_blocks, k].

        Parameters
        ----------
        blocks : int [n_frames]
            Block of each frame: 0 to n_blocks − 1, all of them there.
        """

    @abstractmethod
    def value(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score [...] of sums [..., k]; NaN where it is undefined."""


class Unpaired(MetricBase):
    """A metric for which a sample need not belong to the frame that it is compared with.

    Only such a metric can compare MD with MD, and has a noise floor.
    """

    @abstractmethod
    def between(self, first: Observables, second: Observables) -> float:
        """Distance between two sets of geometries, equally many of one molecule: of MD and MD, the floor."""


def sum_and_count(scores: NDArray[np.float64], blocks: IntArray) -> NDArray[np.float64]:
    """Sum of the scores that are no NaN and their number: [n_frames] or [n_frames, m] to [n_blocks, 2]."""
    rows = scores.reshape(len(scores), -1)
    defined = ~np.isnan(rows)
    sums = np.where(defined, rows, 0.0).sum(axis=1)
    return np.stack([np.bincount(blocks, sums), np.bincount(blocks, defined.sum(axis=1))], axis=1)


def mean(total: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean [...] from sum and count [..., 2]; NaN of nothing."""
    sums, counts = total[..., 0], total[..., 1]
    return np.asarray(np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0))


class OverFrames(MetricBase):
    """A metric that is made of what every frame gives by itself, which is stored beside its value.

    Attributes
    ----------
    of_a_frame
        Shape of what one frame gives.
    """

    of_a_frame: ClassVar[tuple[int, ...]] = ()

    @abstractmethod
    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Give what each test frame gives: [n_frames, *of_a_frame]."""

    @abstractmethod
    def sums(self, per_frame: NDArray[np.float64], blocks: IntArray) -> NDArray[np.float64]:
        """Add it up over the frames of each block: [n_blocks, k]."""

    def statistics(self, evaluation: Evaluation, blocks: IntArray) -> NDArray[np.float64]:
        """Sum over the frames of each block: [n_blocks, k]."""
        return self.sums(self.per_frame(evaluation), blocks)


class MeanOverFrames(OverFrames):
    """A metric whose value is the mean of one score per frame; k = 2, the sum and how many.

    A frame that leaves it undefined is NaN and does not count.
    """

    def sums(self, per_frame: NDArray[np.float64], blocks: IntArray) -> NDArray[np.float64]:
        """Sum of the scores, and number of frames that have one."""
        return sum_and_count(per_frame, blocks)

    def value(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean over the frames that have a score."""
        return mean(total)


class RatioOfMeans(OverFrames):
    """A metric made of the mean over frames of one number, divided by that of another; k = 2, their sums.

    Both are sums over frames, which a mean of ratios is not: it weighs frames by the inverse of the second.
    """

    of_a_frame = (2,)

    def sums(self, per_frame: NDArray[np.float64], blocks: IntArray) -> NDArray[np.float64]:
        """Add up both numbers."""
        return np.stack([np.bincount(blocks, each) for each in per_frame.T], axis=1)

    @staticmethod
    def ratio(total: NDArray[np.float64]) -> NDArray[np.float64]:
        """Ratio [...] of sums [..., 2]; 0 where both are 0, NaN where the first is."""
        over, under = total[..., 0], total[..., 1]
        return np.asarray(np.divide(over, under, out=np.asarray(0.0 * over), where=under > 0))


class Distribution(Unpaired):
    """A metric that compares how the terms of a molecule are distributed in samples and in MD frames.

    A term is one bond, one angle, one residue's torsions. k = 2 · n_terms · bins: the weights of MD
    frames, then those of samples. The value is the mean over terms of the distance between the two.

    Attributes
    ----------
    bins
        Length of the last axis of :meth:`weights`.
    """

    bins: ClassVar[int]

    @abstractmethod
    def weights(self, observables: Observables, blocks: IntArray) -> NDArray[np.float64]:
        """Distribution of every term in each block: [n_blocks, n_terms, bins], not normalised."""

    @abstractmethod
    def distance(self, first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance [...] of two distributions [..., bins], whatever they sum to."""

    def statistics(self, evaluation: Evaluation, blocks: IntArray) -> NDArray[np.float64]:
        """Distributions in MD frames and in samples."""
        frames = self.weights(evaluation.reference_observables, blocks)
        samples = self.weights(evaluation.sample_observables, blocks)
        return np.stack([frames, samples], axis=1).reshape(len(frames), -1)

    def value(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance between MD frames and samples, mean over terms."""
        both = total.reshape(*total.shape[:-1], 2, -1, self.bins)
        return np.asarray(self.distance(both[..., 0, :, :], both[..., 1, :, :]).mean(axis=-1))

    def between(self, first: Observables, second: Observables) -> float:
        """Distance between two sets of geometries, mean over terms."""
        whole = [
            self.weights(each, np.zeros(len(each.positions), dtype=np.int64)) for each in (first, second)
        ]
        return float(self.distance(whole[0][0], whole[1][0]).mean())
