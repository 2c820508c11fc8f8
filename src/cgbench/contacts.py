"""Pairs of atoms that come close: bonds that a geometry implies, clashes and overlaps."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cgbench.geometry import BOND_FACTOR
from cgbench.molecule import IntArray, Molecule

TOLERATED = 0.4  # Å of overlap of van der Waals spheres before it is a clash (MolProbity's threshold)
OVERLAP = 1.2  # Å; no two atoms that are not bonded are closer
WORKING_SET = 2**20  # bytes of distances at a time: fewer cost more calls, more leave the caches
FEWEST = 64  # geometries at a time, however many atoms they have

Squares = NDArray[np.float32]  # of distances, Å², between any two atoms: [n_atoms, n_atoms]


@dataclass(frozen=True)
class Contacts:
    """What is counted in each geometry; arrays of one shape [...].

    Attributes
    ----------
    missing, extra : int
        Bonds of the topology that the geometry lacks, and bonds it has too many.
    clashes : int
        Pairs beyond 1-3 neighbours closer than the sum of their van der Waals radii − 0.4 Å.
    overlaps : bool
        Whether any two atoms that are not bonded are closer than 1.2 Å.
    """

    missing: IntArray
    extra: IntArray
    clashes: IntArray
    overlaps: NDArray[np.bool_]


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


def count_contacts(positions: NDArray[np.floating], molecule: Molecule) -> Contacts:
    """Count bonds and clashes of many geometries of one molecule.

    Each pair of atoms is looked at once for all purposes, a chunk of geometries at a time: time is
    that of n_atoms² / 2 distances, memory that of one chunk.

    Parameters
    ----------
    positions : [..., n_atoms, 3]
        Å.

    Returns
    -------
    Contacts
        With arrays [...].
    """
    reaches, shape = Reaches(molecule), positions.shape[:-2]
    rows = positions.reshape(-1, molecule.n_atoms, 3)
    size = max(FEWEST, WORKING_SET // (4 * max(molecule.n_atoms, 1)))
    chunks = [_count(rows[start : start + size], reaches) for start in range(0, len(rows), size)]
    missing, extra, clashes, overlaps = (np.concatenate(parts) for parts in zip(*chunks, strict=True))
    return Contacts(
        missing.reshape(shape),
        extra.reshape(shape),
        clashes.reshape(shape),
        overlaps.reshape(shape).astype(bool),
    )


def _count(rows: NDArray[np.floating], reaches: Reaches) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Missing and extra bonds, clashes and overlaps [n] of geometries [n, n_atoms, 3]."""
    # Geometries last, so that every operation runs along memory.
    x, y, z = np.ascontiguousarray(rows.transpose(2, 1, 0), dtype=np.float32)
    n_atoms, n = x.shape
    kept, found, clashes, overlaps = np.zeros((4, n), dtype=np.int64)
    for i in range(n_atoms - 1):
        squares = np.square(x[i + 1 :] - x[i])
        squares += np.square(y[i + 1 :] - y[i])
        squares += np.square(z[i + 1 :] - z[i])
        # Most atoms stay far from each other in every geometry.
        near = np.flatnonzero(squares.min(axis=1) < reaches.widest[i, i + 1 :])
        squares, j = squares[near], near + i + 1
        bonded = squares < reaches.bond[i, j, None]
        found += bonded.sum(axis=0)
        kept += bonded[reaches.right[i, j]].sum(axis=0)
        clashes += (squares < reaches.clash[i, j, None]).sum(axis=0)
        overlaps += (squares < reaches.overlap[i, j, None]).sum(axis=0)
    return len(reaches.molecule.bonds) - kept, found - kept, clashes, overlaps


def _sums(radii: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(radii[:, None] + radii)


def _symmetric(pairs: IntArray, n_atoms: int) -> NDArray[np.bool_]:
    matrix = np.zeros((n_atoms, n_atoms), dtype=bool)
    matrix[pairs[:, 0], pairs[:, 1]] = True
    return matrix | matrix.T
