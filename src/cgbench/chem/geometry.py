"""Distances between geometries, and lengths, angles, torsions and volumes within them.

Arrays are of numpy, or tensors of torch on any device: results are of the same kind, on the same device.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from array_api_compat import array_namespace, device
from numpy.typing import NDArray

from cgbench.chem.molecule import IntArray

if TYPE_CHECKING:
    from torch import Tensor  # seconds to import, and jobs that have numpy arrays need none

BOND_FACTOR = 1.3  # of the published bond rule d_ij < 1.3 (r_i + r_j), arXiv 2201.12176, appendix
CHUNK_BYTES = 16 * 2**20  # working memory of one chunk; larger ones are slower, as they leave the caches

Positions = NDArray[np.floating]
Array = TypeVar("Array", NDArray[Any], "Tensor")


def rmsd(a: Array, b: Array) -> Array:
    """Root mean square deviation over atoms, without superposition.

    Parameters
    ----------
    a, b : [..., n_atoms, 3]
        Of shapes that broadcast, in the same unit; the result float64 [...] is in that unit.
    """
    xp = array_namespace(a, b)
    squares = xp.sum(xp.square(a - b), axis=-1, dtype=xp.float64)
    deviation: Array = xp.sqrt(xp.mean(squares, axis=-1))
    return deviation


def pairwise_rmsd(samples: Array) -> Array:
    """RMSD between all samples of one frame: [n_frames, n_samples, n_atoms, 3] to [n_frames, n_pairs]."""
    xp = array_namespace(samples)
    n_frames, n_samples, n_atoms, _ = samples.shape
    # Distances from inner products never form the [pairs, atoms] differences. Centring on the
    # mean sample first keeps the cancellation below float64 rounding of the spread itself.
    centred = xp.astype(samples, xp.float64)
    centred = centred - xp.mean(centred, axis=1, keepdims=True)
    flat = xp.reshape(centred, (n_frames, n_samples, n_atoms * 3))
    inner = flat @ xp.matrix_transpose(flat)
    norms = xp.linalg.diagonal(inner)
    squares = norms[:, :, None] + norms[:, None, :] - 2.0 * inner
    i, j = _columns(all_pairs(n_samples), samples)
    distances: Array = xp.sqrt(xp.clip(squares[:, i, j], 0.0, None) / n_atoms)
    return distances


def pair_distances(positions: Array, pairs: IntArray) -> Array:
    """Distances [..., n_pairs] between the atoms of ``pairs`` [n_pairs, 2] in positions [..., n_atoms, 3]."""
    xp = array_namespace(positions)
    i, j = _columns(pairs, positions)
    # One coordinate at a time takes a third of the memory.
    squares = sum(xp.square(positions[..., i, axis] - positions[..., j, axis]) for axis in range(3))
    distances: Array = xp.sqrt(squares)
    return distances


def all_pairs(n_atoms: int) -> IntArray:
    """All pairs of atoms [n_pairs, 2], smaller index first."""
    return np.stack(np.triu_indices(n_atoms, k=1), axis=1).astype(np.int64)


def bond_angles(positions: Array, triples: IntArray) -> Array:
    """Angles [..., n_angles] at the middle atoms of ``triples`` [n_angles, 3], degrees.

    Where two atoms of an angle coincide it is undefined and counts as 0, which no molecule has.
    """
    xp = array_namespace(positions)
    atoms = _columns(triples, positions)

    def measure(rows: Array) -> Array:
        i, j, k = (rows[..., column, :] for column in atoms)
        first, second = i - j, k - j
        lengths = xp.sqrt(_inner(first, first) * _inner(second, second))
        cosine = xp.where(lengths > 0, _inner(first, second) / xp.where(lengths > 0, lengths, 1.0), 1.0)
        angles: Array = xp.acos(xp.clip(cosine, -1.0, 1.0)) * (180.0 / np.pi)
        return angles

    return _by_geometry(measure, positions, len(triples))


def dihedrals(positions: Array, quads: IntArray) -> Array:
    """Torsions [..., n_torsions] about the middle bonds of ``quads`` [n_torsions, 4], degrees.

    From −180 to 180; 0 where atoms coincide or lie on a line, so that there is none.

    Parameters
    ----------
    positions : [..., n_atoms, 3]
        In any unit.
    """
    xp = array_namespace(positions)
    atoms = _columns(quads, positions)

    def measure(rows: Array) -> Array:
        i, j, k, l = (rows[..., column, :] for column in atoms)  # noqa: E741 - as they are always called
        before, about, after = j - i, k - j, l - k
        one, other = xp.linalg.cross(before, about), xp.linalg.cross(about, after)
        sine = _inner(before, other) * xp.sqrt(_inner(about, about))
        angles: Array = xp.atan2(sine, _inner(one, other)) * (180.0 / np.pi)
        return angles

    return _by_geometry(measure, positions, len(quads))


def chiral_volumes(positions: Array, centres: IntArray) -> Array:
    """Signed volumes (N − CA) × (C − CA) · (CB − CA) [..., n_centres], in the unit of positions cubed.

    Parameters
    ----------
    positions : [..., n_atoms, 3]
    centres : int [n_centres, 4]
        N, CA, C and CB; the volume is positive for an L amino acid.
    """
    xp = array_namespace(positions)
    n, ca, c, cb = (positions[..., column, :] for column in _columns(centres, positions))
    volumes: Array = _inner(xp.linalg.cross(n - ca, c - ca), cb - ca)
    return volumes


def in_chunks(function: Callable[[Array], Array], rows: Array, bytes_per_row: int) -> Array:
    """Apply ``function`` to bounded stretches of ``rows`` and join the results along the first axis."""
    size = max(1, CHUNK_BYTES // bytes_per_row)
    parts = [function(rows[start : start + size]) for start in range(0, len(rows), size)]
    joined: Array = array_namespace(*parts).concat(parts)
    return joined


def _by_geometry(measure: Callable[[Array], Array], positions: Array, n_terms: int) -> Array:
    """Apply ``measure`` to chunks of geometries [n, n_atoms, 3]; the result is [..., n_terms]."""
    rows = positions.reshape(-1, *positions.shape[-2:])
    found = in_chunks(measure, rows, bytes_per_row=24 * positions.itemsize * max(n_terms, 1))
    shaped: Array = found.reshape(*positions.shape[:-2], n_terms)
    return shaped


def _columns(index: IntArray, like: Array) -> list[Array]:
    """Columns of indices [n, k] as arrays of the kind and on the device of another."""
    xp = array_namespace(like)
    return [xp.asarray(np.ascontiguousarray(column), device=device(like)) for column in index.T]


def _inner(a: Array, b: Array) -> Array:
    products: Array = array_namespace(a, b).sum(a * b, axis=-1)
    return products
