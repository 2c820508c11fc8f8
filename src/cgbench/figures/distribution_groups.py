"""Groups of torsions, bonds and bond angles whose distributions are drawn together."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.dihedrals import chi_atoms, phi_psi_atoms
from cgbench.chem.energy_distance import Grid, energy_distance, pair_sums
from cgbench.chem.histograms import TorsionGrid, UniformGrid
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.core import registry
from cgbench.metrics import bond_geometry, torsions
from cgbench.metrics.base import EnergyDistance

Weights = NDArray[np.float64]

LARGEST = 6  # number of groups of a quantity that are drawn


@dataclass(frozen=True)
class Compared:
    """Distributions of a group, summed over its terms, and their distance.

    Attributes
    ----------
    frames, samples : float [n_compared]
        Weights in MD frames and in samples.
    distance
        Energy distance, mean over terms; NaN with a single block.
    """

    frames: Weights
    samples: Weights
    distance: float


@dataclass(frozen=True)
class Group:
    """Terms of a metric that are drawn as one distribution.

    Attributes
    ----------
    label
        Kind of the terms, such as ``C–H``.
    metric
        Name of the plug-in that compares their distributions.
    terms : int [n]
        Indices of the terms of the metric.
    grid
        Grid of the weights that are compared.
    centres : float [n_centres]
        Centres of the bins that are drawn, in the unit of the quantity.
    marginal
        Converts weights [..., bins] of the metric to the weights that are compared, of which the first
        ``n_centres`` are drawn.
    """

    label: str
    metric: str
    terms: IntArray
    grid: Grid
    centres: NDArray[np.float64]
    marginal: Callable[[Weights], Weights]

    @property
    def plug_in(self) -> EnergyDistance:
        """The metric."""
        plug_in: EnergyDistance = registry.load("metrics", self.metric)()
        return plug_in

    def select(self, weights: Weights) -> Weights:
        """Select the distributions [..., n, n_compared] of the terms from weights [..., n_terms, bins]."""
        return self.marginal(weights[..., self.terms, :])

    def compare(self, frames: Weights, samples: Weights) -> Compared:
        """Compare weights [n_blocks, n_terms, bins] of MD frames and samples in the same blocks."""
        blocks = self.select(frames), self.select(samples)
        first, second = (weights.sum(axis=0) for weights in blocks)
        within_blocks = pair_sums(self.grid, *blocks).sum(axis=0)
        distance = energy_distance(self.grid, first, second, within_blocks).mean()
        return Compared(first.sum(axis=0), second.sum(axis=0), float(distance))


@dataclass(frozen=True)
class Quantity:
    """A quantity with a figure.

    Attributes
    ----------
    name
        ``torsions``, ``bonds`` or ``angles``.
    axis, unit
        Label and unit of the axis.
    half_width
        Half the range of the axis around the mean of MD, in ``unit``; None for a full period.
    groups
        Rows of the figure, of at least one term each.
    """

    name: str
    axis: str
    unit: str
    half_width: float | None
    groups: tuple[Group, ...]


def quantities(molecule: Molecule) -> list[Quantity]:
    """List the quantities of a molecule."""
    return [
        Quantity("torsions", "torsion", "°", None, _torsions(molecule)),
        Quantity("bonds", "bond length", "Å", 0.5, _bonds(molecule)),
        Quantity("angles", "bond angle", "°", 45.0, _angles(molecule)),
    ]


def _torsions(molecule: Molecule) -> tuple[Group, ...]:
    bins, n_residues = torsions.BINS, len(phi_psi_atoms(molecule))
    circle = TorsionGrid(bins)
    degrees = (np.arange(bins, dtype=np.float64) + 0.5) * 360.0 / bins - 180.0
    groups = []
    for label, other in (("φ", -1), ("ψ", -2)):

        def marginal(weights: Weights, other: int = other) -> Weights:
            return np.asarray(weights.reshape(*weights.shape[:-1], bins, bins).sum(axis=other))

        residues = np.arange(n_residues)
        groups.append(Group(label, "phi_psi_energy_distance", residues, circle, degrees, marginal))
    quads, _ = chi_atoms(molecule)
    # χ1 is the one about Cα–Cβ; its bins start at 0°.
    first = np.flatnonzero([molecule.atom_names[quad[0]] == "N" for quad in quads])
    groups.append(
        Group(
            "χ1", "chi_energy_distance", first, circle, degrees,
            lambda weights: np.roll(weights, bins // 2, axis=-1),
        )
    )  # fmt: skip
    return tuple(group for group in groups if len(group.terms))


def _bonds(molecule: Molecule) -> tuple[Group, ...]:
    """Group bonds by the elements of their atoms, hydrogen last."""
    pairs = [
        "–".join(sorted((molecule.elements[i], molecule.elements[j]), key=lambda e: (e == "H", e)))
        for i, j in molecule.bonds
    ]
    return _on_line(pairs, "bond_length_energy_distance", bond_geometry.BondLengthEnergyDistance.grid)


def _angles(molecule: Molecule) -> tuple[Group, ...]:
    """Group angles by the element of the central atom and the number of its bonds."""
    degree = dict(molecule.graph.degree)
    middles = [(molecule.elements[j], degree[j]) for _, j, _ in molecule.angles.tolist()]
    labels = [f"at {element}, {count} bonds" for element, count in middles]
    return _on_line(labels, "angle_energy_distance", bond_geometry.AngleEnergyDistance.grid)


def _on_line(labels: Iterable[str], metric: str, grid: UniformGrid) -> tuple[Group, ...]:
    members: dict[Hashable, list[int]] = defaultdict(list)
    for term, label in enumerate(labels):
        members[label].append(term)
    largest = sorted(members, key=lambda label: -len(members[label]))[:LARGEST]
    centres = grid.step * np.arange(grid.n_intervals + 1, dtype=np.float64)
    return tuple(
        Group(str(label), metric, np.array(members[label]), grid, centres, lambda weights: weights)
        for label in sorted(largest, key=str)
    )
