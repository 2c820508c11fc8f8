"""Pairs of atoms that come close: bonds that a geometry implies, clashes and overlaps."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device
from numpy.typing import NDArray

from cgbench.chem.geometry import BOND_FACTOR, Array
from cgbench.chem.molecule import IntArray, Molecule

TOLERATED = 0.4  # Å of overlap of van der Waals spheres before it is a clash (MolProbity's threshold)
OVERLAP = 1.2  # Å; no two atoms that are not bonded are closer
WORKING_SET = 2**22  # bytes of distances at a time: fewer cost more calls, more leave the caches
FEWEST = 64  # geometries at a time, however many atoms they have

Squares = NDArray[np.float32]  # of distances, Å², between any two atoms: [n_atoms, n_atoms]


@dataclass(frozen=True)
class Contacts:
    """What is counted in each geometry; arrays or tensors of one shape [...].

    Attributes
    ----------
    missing, extra : int
        Bonds of the topology that the geometry lacks, and bonds it has too many.
    clashes : int
        Pairs beyond 1-3 neighbours closer than the sum of their van der Waals radii − 0.4 Å.
    overlaps : bool
        Whether any two atoms that are not bonded are closer than 1.2 Å.
    """

    missing: Any
    extra: Any
    clashes: Any
    overlaps: Any


@dataclass(frozen=True)
class Reaches:
    """Squared distances below which a pair of atoms counts, as one molecule has them; 0 where it never does.

    Attributes
    ----------
    molecule
        Whose atoms.
    """

    molecule: Molecule

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Bonds of the topology, as a symmetric matrix."""
        return _symmetric(self.molecule.bonds, self.molecule.n_atoms)

    @cached_property
    def bond(self) -> Squares:
        """Below which a geometry implies a bond."""
        return np.square(BOND_FACTOR * _sums(self.molecule.covalent_radii), dtype=np.float32)

    @cached_property
    def clash(self) -> Squares:
        """Below which a pair clashes."""
        beyond = ~(self.right | _symmetric(self.molecule.angle_ends, self.molecule.n_atoms))
        reach = _sums(self.molecule.van_der_waals_radii) - TOLERATED
        return np.square(np.where(beyond, reach, 0.0), dtype=np.float32)

    @cached_property
    def overlap(self) -> Squares:
        """Below which two atoms that are not bonded overlap."""
        return np.square(np.where(self.right, 0.0, OVERLAP), dtype=np.float32)

    @cached_property
    def widest(self) -> Squares:
        """Beyond which a pair counts for nothing."""
        return np.maximum(np.maximum(self.bond, self.clash), self.overlap)


def count_contacts(positions: Array, molecule: Molecule) -> Contacts:
    """Count bonds and clashes of many geometries of one molecule.

    Each pair of atoms is looked at once for all purposes, a chunk of geometries at a time: time is
    that of n_atoms² / 2 distances, memory that of one chunk.

    Parameters
    ----------
    positions : [..., n_atoms, 3]
        Array or tensor, Å.

    Returns
    -------
    Contacts
        With arrays or tensors [...], on the device of the positions.
    """
    xp, reaches = array_namespace(positions), Reaches(molecule)
    rows = positions.reshape(-1, molecule.n_atoms, 3)
    size = max(FEWEST, WORKING_SET // (4 * max(molecule.n_atoms, 1)))
    chunks = [_count(rows[start : start + size], reaches) for start in range(0, len(rows), size)]
    counts = xp.concat(chunks, axis=1).reshape(4, *positions.shape[:-2])
    kept, found, clashes, overlaps = counts
    return Contacts(len(molecule.bonds) - kept, found - kept, clashes, overlaps > 0)


def _count(rows: Array, reaches: Reaches) -> Array:
    """Bonds of the topology, all bonds, clashes and overlaps [4, n] of geometries [n, n_atoms, 3]."""
    xp, place = array_namespace(rows), device(rows)
    right, bond, clash, overlap, widest = (
        xp.asarray(matrix, device=place)
        for matrix in (reaches.right, reaches.bond, reaches.clash, reaches.overlap, reaches.widest)
    )
    n, n_atoms, _ = rows.shape
    # Geometries last, so that every operation runs along memory.
    places = xp.empty((3, n_atoms, n), dtype=xp.float32, device=place)
    places[...] = xp.permute_dims(rows, (2, 1, 0))
    x, y, z = places
    counts: Array = xp.zeros((4, n), dtype=xp.int64, device=place)
    for i in range(n_atoms - 1):
        # In place: fetching memory from the system would take longer than the arithmetic.
        squares = x[i + 1 :] - x[i]
        squares *= squares
        for column in (y, z):
            steps = column[i + 1 :] - column[i]
            steps *= steps
            squares += steps
        # Most atoms stay far from each other in every geometry.
        (near,) = xp.nonzero(xp.min(squares, axis=1) < widest[i, i + 1 :])
        squares, j = squares[near], near + i + 1
        bonded = squares < bond[i, j, None]
        counts[0] += xp.sum(bonded[right[i, j]], axis=0)
        counts[1] += xp.sum(bonded, axis=0)
        counts[2] += xp.sum(squares < clash[i, j, None], axis=0)
        counts[3] += xp.sum(squares < overlap[i, j, None], axis=0)
    return counts


def _sums(radii: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(radii[:, None] + radii)


def _symmetric(pairs: IntArray, n_atoms: int) -> NDArray[np.bool_]:
    matrix = np.zeros((n_atoms, n_atoms), dtype=bool)
    matrix[pairs[:, 0], pairs[:, 1]] = True
    return matrix | matrix.T
