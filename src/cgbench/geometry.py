"""Distances between geometries, and the bond graph that a geometry implies."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from cgbench.molecule import IntArray

BOND_FACTOR = 1.3  # of the published bond rule d_ij < 1.3 (r_i + r_j), arXiv 2201.12176, appendix
CHUNK_BYTES = 16 * 2**20  # working memory of one chunk; larger ones are slower, as they leave the caches

Positions = NDArray[np.floating]
Result = TypeVar("Result", bound=NDArray[Any])


def rmsd(a: Positions, b: Positions) -> NDArray[np.float64]:
    """Root mean square deviation over atoms, without superposition.

    Parameters
    ----------
    a, b : [..., n_atoms, 3]
        Of shapes that broadcast, in the same unit; the result [...] is in that unit.
    """
    squares = np.square(a - b).sum(axis=-1, dtype=np.float64)
    return np.asarray(np.sqrt(squares.mean(axis=-1)))


def pairwise_rmsd(samples: Positions) -> NDArray[np.float64]:
    """RMSD between all samples of one frame: [n_frames, n_samples, n_atoms, 3] to [n_frames, n_pairs]."""
    n_frames, n_samples, n_atoms, _ = samples.shape
    # Distances from inner products never form the [pairs, atoms] differences. Centring on the
    # mean sample first keeps the cancellation below float64 rounding of the spread itself.
    centred = samples.astype(np.float64) - samples.mean(axis=1, keepdims=True, dtype=np.float64)
    flat = centred.reshape(n_frames, n_samples, n_atoms * 3)
    inner = flat @ flat.transpose(0, 2, 1)
    norms = np.diagonal(inner, axis1=1, axis2=2)
    squares = norms[:, :, None] + norms[:, None, :] - 2.0 * inner
    i, j = np.triu_indices(n_samples, k=1)
    return np.asarray(np.sqrt(np.maximum(squares[:, i, j], 0.0) / n_atoms))


def pair_distances(positions: Positions, pairs: IntArray) -> Positions:
    """Distances [..., n_pairs] between the atoms of ``pairs`` [n_pairs, 2] in positions [..., n_atoms, 3]."""
    i, j = pairs.T
    # One coordinate at a time takes a third of the memory.
    squares = sum(np.square(positions[..., i, axis] - positions[..., j, axis]) for axis in range(3))
    return np.asarray(np.sqrt(squares))


def all_pairs(n_atoms: int) -> IntArray:
    """All pairs of atoms [n_pairs, 2], smaller index first."""
    return np.stack(np.triu_indices(n_atoms, k=1), axis=1).astype(np.int64)


def bonded_pairs(positions: Positions, radii: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of :func:`all_pairs` count as bonded in positions [..., n_atoms, 3] (Å): [..., n_pairs]."""
    pairs = all_pairs(len(radii))
    reach = BOND_FACTOR * radii[pairs].sum(axis=1)
    return np.asarray(pair_distances(positions, pairs) < reach)


def bond_errors(
    positions: Positions, bonds: IntArray, radii: NDArray[np.float64]
) -> tuple[IntArray, IntArray]:
    """Count the bonds that geometries lack and the bonds they have too many.

    Parameters
    ----------
    positions : [n, n_atoms, 3]
        Å.
    bonds : int [n_bonds, 2]
        The right ones.
    radii : float [n_atoms]
        Of the bond rule, Å.

    Returns
    -------
    missing, extra : int [n]
    """
    pairs = all_pairs(len(radii))
    right = np.zeros((len(radii), len(radii)), dtype=bool)
    right[bonds.min(axis=1), bonds.max(axis=1)] = True
    right = right[pairs[:, 0], pairs[:, 1]]

    def count(chunk: Positions) -> IntArray:
        found = bonded_pairs(chunk, radii)
        return np.stack([(right & ~found).sum(axis=1), (found & ~right).sum(axis=1)], axis=1)

    counts = in_chunks(count, positions, bytes_per_row=4 * positions.itemsize * max(len(pairs), 1))
    return counts[:, 0], counts[:, 1]


def in_chunks(function: Callable[[Positions], Result], rows: Positions, bytes_per_row: int) -> Result:
    """Apply ``function`` to bounded stretches of ``rows`` and join the results along the first axis."""
    size = max(1, CHUNK_BYTES // bytes_per_row)
    parts = [function(rows[start : start + size]) for start in range(0, len(rows), size)]
    return cast(Result, np.concatenate(parts))
