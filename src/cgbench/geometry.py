"""Distances between geometries, and lengths, angles and volumes within them."""

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


def bond_angles(positions: Positions, triples: IntArray) -> Positions:
    """Angles [..., n_angles] at the middle atoms of ``triples`` [n_angles, 3], degrees.

    Where two atoms of an angle coincide it is undefined and counts as 0, which no molecule has.
    """

    def measure(rows: Positions) -> Positions:
        i, j, k = (rows[..., atoms, :] for atoms in triples.T)
        first, second = i - j, k - j
        lengths = np.sqrt(np.square(first).sum(axis=-1) * np.square(second).sum(axis=-1))
        inner = (first * second).sum(axis=-1)
        cosine = np.divide(inner, lengths, out=np.ones_like(lengths), where=lengths > 0)
        return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))

    flat = positions.reshape(-1, *positions.shape[-2:])
    angles = in_chunks(measure, flat, bytes_per_row=24 * positions.itemsize * max(len(triples), 1))
    return angles.reshape(*positions.shape[:-2], len(triples))


def chiral_volumes(positions: Positions, centres: IntArray) -> Positions:
    """Signed volumes (N − CA) × (C − CA) · (CB − CA) [..., n_centres], in the unit of positions cubed.

    Parameters
    ----------
    positions : [..., n_atoms, 3]
    centres : int [n_centres, 4]
        N, CA, C and CB; the volume is positive for an L amino acid.
    """
    n, ca, c, cb = (positions[..., atoms, :] for atoms in centres.T)
    return np.asarray((np.cross(n - ca, c - ca) * (cb - ca)).sum(axis=-1))


def in_chunks(function: Callable[[Positions], Result], rows: Positions, bytes_per_row: int) -> Result:
    """Apply ``function`` to bounded stretches of ``rows`` and join the results along the first axis."""
    size = max(1, CHUNK_BYTES // bytes_per_row)
    parts = [function(rows[start : start + size]) for start in range(0, len(rows), size)]
    return cast(Result, np.concatenate(parts))
