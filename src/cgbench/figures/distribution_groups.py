"""Groups of torsions, bonds and bond angles whose distributions are drawn together."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.dihedrals import chi_atoms, phi_psi_atoms
from cgbench.chem.histograms import UniformGrid
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.core import registry
from cgbench.metrics import bond_geometry, torsions
from cgbench.metrics.base import DistributionMetric

Weights = NDArray[np.float64]

LARGEST = 6  # number of groups of a quantity that are drawn


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
    centres : float [n_centres]
        Centres of the bins that are drawn, in the unit of the quantity.
    marginal
        Converts weights [..., bins] of the metric to the weights that are compared, of which the first
        ``n_centres`` are drawn.
    """

    label: str
    metric: str
    terms: IntArray
    centres: NDArray[np.float64]
    marginal: Callable[[Weights], Weights]

    @property
    def plug_in(self) -> DistributionMetric:
        """The metric."""
        plug_in: DistributionMetric = registry.load("metrics", self.metric)()
        return plug_in

    def select(self, weights: Weights) -> Weights:
        """Select the distributions [..., n, n_compared] of the terms from weights [..., n_terms, bins]."""
        return self.marginal(weights[..., self.terms, :])

    def distance(self, first: Weights, second: Weights) -> float:
        """Distance of two distributions from :meth:`select`, mean over terms."""
        return float(self.plug_in.distance(first, second).mean())


@dataclass(frozen=True)
class Quantity:
    """A quantity with a figure.

    Attributes
    ----------
    name
        ``torsions``, ``bonds`` or ``angles``.
    axis, unit
        Label and unit of the axis.
    distance
        Name and unit of the distance between two distributions.
    half_width
        Half the range of the axis around the mean of MD, in ``unit``; None for a full period.
    groups
        Rows of the figure, of at least one term each.
    """

    name: str
    axis: str
    unit: str
    distance: str
    half_width: float | None
    groups: tuple[Group, ...]


def quantities(molecule: Molecule) -> list[Quantity]:
    """List the quantities of a molecule."""
    return [
        Quantity("torsions", "torsion", "°", "JSD (nat)", None, _torsions(molecule)),
        Quantity("bonds", "bond length", "Å", "W1 (Å)", 0.5, _bonds(molecule)),
        Quantity("angles", "bond angle", "°", "W1 (°)", 45.0, _angles(molecule)),
    ]


def _torsions(molecule: Molecule) -> tuple[Group, ...]:
    bins, n_residues = torsions.BINS, len(phi_psi_atoms(molecule))
    degrees = (np.arange(bins, dtype=np.float64) + 0.5) * 360.0 / bins - 180.0
    groups = []
    for label, other in (("φ", -1), ("ψ", -2)):

        def marginal(weights: Weights, other: int = other) -> Weights:
            return np.asarray(weights.reshape(*weights.shape[:-1], bins, bins).sum(axis=other))

        groups.append(Group(label, "phi_psi_jsd", np.arange(n_residues), degrees, marginal))
    quads, _ = chi_atoms(molecule)
    # χ1 is the one about Cα–Cβ; its bins start at 0°.
    first = np.flatnonzero([molecule.atom_names[quad[0]] == "N" for quad in quads])
    half = torsions.BINS // 2
    middles = (np.arange(torsions.BINS, dtype=np.float64) + 0.5) * 360.0 / torsions.BINS - 180.0
    groups.append(Group("χ1", "chi_jsd", first, middles, lambda weights: np.roll(weights, half, axis=-1)))
    return tuple(group for group in groups if len(group.terms))


def _bonds(molecule: Molecule) -> tuple[Group, ...]:
    """Group bonds by the elements of their atoms, hydrogen last."""
    pairs = [
        "–".join(sorted((molecule.elements[i], molecule.elements[j]), key=lambda e: (e == "H", e)))
        for i, j in molecule.bonds
    ]
    return _on_line(pairs, "bond_length_w1", bond_geometry.BondLengthW1.grid)


def _angles(molecule: Molecule) -> tuple[Group, ...]:
    """Group angles by the element of the central atom and the number of its bonds."""
    degree = dict(molecule.graph.degree)
    middles = [(molecule.elements[j], degree[j]) for _, j, _ in molecule.angles.tolist()]
    labels = [f"at {element}, {count} bonds" for element, count in middles]
    return _on_line(labels, "angle_w1", bond_geometry.AngleW1.grid)


def _on_line(labels: Iterable[str], metric: str, grid: UniformGrid) -> tuple[Group, ...]:
    members: dict[Hashable, list[int]] = defaultdict(list)
    for term, label in enumerate(labels):
        members[label].append(term)
    largest = sorted(members, key=lambda label: -len(members[label]))[:LARGEST]
    centres = grid.step * np.arange(grid.n_intervals + 1, dtype=np.float64)
    return tuple(
        Group(str(label), metric, np.array(members[label]), centres, lambda weights: weights)
        for label in sorted(largest, key=str)
    )
