"""Bonds that geometries imply, clashes and overlaps."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device
from numpy.typing import NDArray

from cgbench.chem.bond_rule import BOND_FACTOR
from cgbench.chem.geometry import Array, in_chunks
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.near_atoms import bytes_of_geometry, near_groups

ALLOWED_OVERLAP = 0.4  # Å of overlap of van der Waals spheres before a pair clashes (MolProbity)
OVERLAP_DISTANCE = 1.2  # Å; atoms that are not bonded are farther apart in every real geometry


@dataclass(frozen=True)
class Contacts:
    """Counts for each geometry; arrays or tensors of one shape [...].

    Attributes
    ----------
    missing, extra : int
        Missing bonds (in the topology, not implied by the geometry) and spurious bonds (the reverse).
    clashes : int
        Pairs beyond 1-3 neighbours closer than the sum of their van der Waals radii − 0.4 Å.
    overlaps : bool
        Whether any two atoms that are not bonded are closer than 1.2 Å.
    """

    missing: Any
    extra: Any
    clashes: Any
    overlaps: Any


def count_contacts(positions: Array, molecule: Molecule) -> Contacts:
    """Count bonds, clashes and overlaps of geometries of one molecule.

    Each distance of near atoms is computed once for all counts, for one chunk of geometries at a time.

    Parameters
    ----------
    positions : [..., n_atoms, 3]
        Array or tensor, Å.

    Returns
    -------
    Contacts
        Arrays or tensors [...] on the device of the positions.

    Raises
    ------
    InputError
        If an element has no radius.
    """
    pairs = _PairCutoffs(molecule)
    counts = in_chunks(
        lambda rows: _count(rows, pairs),
        positions.reshape(-1, molecule.n_atoms, 3),
        bytes_per_row=bytes_of_geometry(molecule.n_atoms),
    )
    present, implied, clashes, overlaps = counts.T.reshape(4, *positions.shape[:-2])
    return Contacts(len(molecule.bonds) - present, implied - present, clashes, overlaps > 0)


class _PairCutoffs:
    """Which pairs of atoms are bonded, and the squared distances (Å²) below which a pair counts."""

    def __init__(self, molecule: Molecule) -> None:
        self.molecule = molecule
        covalent, van_der_waals = molecule.covalent_radii, molecule.van_der_waals_radii
        clash = 2 * van_der_waals.max() - ALLOWED_OVERLAP
        self.longest = max(2 * BOND_FACTOR * covalent.max(), clash, OVERLAP_DISTANCE)

    def tables(self, group: range, later: IntArray) -> list[NDArray[Any]]:
        """Tables [n_group, n_later] for a group of atoms, which are the first of the later ones.

        They are bonds of the topology, and cutoffs of implied bonds, clashes and overlaps, and the largest
        of the three; 0 where a pair never counts.
        """
        molecule = self.molecule
        covalent, van_der_waals = molecule.covalent_radii[later], molecule.van_der_waals_radii[later]
        bonded, ends, undecided = (
            self._among(pairs, group, later)
            for pairs in (molecule.bonds, molecule.angle_ends, molecule.undecided_pairs)
        )
        first = slice(len(group))
        cutoffs = [
            np.square(np.where(never, 0.0, distances), dtype=np.float32)
            for never, distances in (
                (undecided, BOND_FACTOR * np.add.outer(covalent[first], covalent)),
                (bonded | ends, np.add.outer(van_der_waals[first], van_der_waals) - ALLOWED_OVERLAP),
                (bonded, OVERLAP_DISTANCE),
            )
        ]
        return [bonded, *cutoffs, np.maximum.reduce(cutoffs)]

    @staticmethod
    def _among(pairs: IntArray, group: range, later: IntArray) -> NDArray[np.bool_]:
        """Table [n_group, n_later] of the sorted pairs with the first atom in a group."""
        table = np.zeros((len(group), len(later)), dtype=bool)
        start, stop = np.searchsorted(pairs[:, 0], [group.start, group.stop])
        first, second = pairs[start:stop].T
        column = np.searchsorted(later, second)
        found = np.append(later, -1)[column] == second
        table[first[found] - group.start, column[found]] = True
        return table


def _count(rows: Array, pairs: _PairCutoffs) -> Array:
    """Topology bonds that are present, implied bonds, clashes and overlaps [n, 4] of rows [n, n_atoms, 3]."""
    xp, place = array_namespace(rows), device(rows)
    counts: Array = xp.zeros((4, len(rows)), dtype=xp.int64, device=place)
    for group, later, squares_of in near_groups(rows, pairs.longest):
        tables = (xp.asarray(table, device=place) for table in pairs.tables(group, later))
        bonded, bond, clash, overlap, largest = tables
        for row in range(len(group)):
            squares = squares_of(row)
            # Most pairs are far apart in every geometry.
            (near,) = xp.nonzero(xp.min(squares, axis=1) < largest[row, row + 1 :])
            squares, column = squares[near], near + row + 1
            implied = squares < bond[row, column, None]
            counts[0] += xp.sum(implied[bonded[row, column]], axis=0)
            counts[1] += xp.sum(implied, axis=0)
            counts[2] += xp.sum(squares < clash[row, column, None], axis=0)
            counts[3] += xp.sum(squares < overlap[row, column, None], axis=0)
    return counts.T
