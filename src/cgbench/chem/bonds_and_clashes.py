"""Bonds that geometries imply, clashes and overlaps."""

from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
from array_api_compat import array_namespace, device
from numpy.typing import NDArray

from cgbench.chem.geometry import Array, in_chunks
from cgbench.chem.molecule import BOND_FACTOR, Molecule

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

    Each distance is computed once for all counts, for one chunk of geometries at a time.

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
    xp, place = array_namespace(positions), device(positions)
    tables = [xp.asarray(table, device=place) for table in _pair_tables(molecule)]
    counts = in_chunks(
        lambda rows: _count(rows, *tables),
        positions.reshape(-1, molecule.n_atoms, 3),
        bytes_per_row=16 * molecule.n_atoms,
    )
    present, implied, clashes, overlaps = counts.T.reshape(4, *positions.shape[:-2])
    return Contacts(len(molecule.bonds) - present, implied - present, clashes, overlaps > 0)


def _pair_tables(molecule: Molecule) -> list[NDArray[Any]]:
    """Tables [n_atoms, n_atoms]: bonds of the topology, and squared distances (Å²) below which a pair counts.

    The distances are those of implied bonds, clashes and overlaps, and the largest of the three; 0
    where a pair never counts.
    """
    bonded = nx.to_numpy_array(molecule.graph, dtype=bool)
    neighbours = bonded.copy()
    neighbours[tuple(molecule.angle_ends.T)] = True  # only pairs i < j are read
    decided = np.ones_like(bonded)
    decided[tuple(molecule.undecided_pairs.T)] = False
    covalent, van_der_waals = molecule.covalent_radii, molecule.van_der_waals_radii
    clash = np.add.outer(van_der_waals, van_der_waals) - ALLOWED_OVERLAP
    cutoffs = [
        np.square(distances, dtype=np.float32)
        for distances in (
            np.where(decided, BOND_FACTOR * np.add.outer(covalent, covalent), 0.0),
            np.where(neighbours, 0.0, clash),
            np.where(bonded, 0.0, OVERLAP_DISTANCE),
        )
    ]
    return [bonded, *cutoffs, np.maximum.reduce(cutoffs)]


def _count(rows: Array, bonded: Array, bond: Array, clash: Array, overlap: Array, largest: Array) -> Array:
    """Topology bonds that are present, implied bonds, clashes and overlaps [n, 4] of rows [n, n_atoms, 3]."""
    xp, place = array_namespace(rows), device(rows)
    n, n_atoms, _ = rows.shape
    # Geometries along the last axis make every operation contiguous in memory.
    coordinates = xp.empty((3, n_atoms, n), dtype=xp.float32, device=place)
    coordinates[...] = xp.permute_dims(rows, (2, 1, 0))
    x, y, z = coordinates
    counts: Array = xp.zeros((4, n), dtype=xp.int64, device=place)
    for i in range(n_atoms - 1):
        # In place, because allocating memory would take longer than the arithmetic.
        squares = x[i + 1 :] - x[i]
        squares *= squares
        for column in (y, z):
            differences = column[i + 1 :] - column[i]
            differences *= differences
            squares += differences
        # Most pairs are far apart in every geometry.
        (near,) = xp.nonzero(xp.min(squares, axis=1) < largest[i, i + 1 :])
        squares, j = squares[near], near + i + 1
        implied = squares < bond[i, j, None]
        counts[0] += xp.sum(implied[bonded[i, j]], axis=0)
        counts[1] += xp.sum(implied, axis=0)
        counts[2] += xp.sum(squares < clash[i, j, None], axis=0)
        counts[3] += xp.sum(squares < overlap[i, j, None], axis=0)
    return counts.T
