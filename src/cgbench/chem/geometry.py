"""RMSD between geometries, and distances, angles, torsions, chiral volumes and planes within them.

Functions take numpy arrays or torch tensors on any device, and return the same kind on the same device.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from array_api_compat import array_namespace, device
from numpy.typing import NDArray

from cgbench.chem.molecule import IntArray

if TYPE_CHECKING:
    from torch import Tensor  # import takes seconds, and numpy arrays need none

CHUNK_BYTES = 16 * 2**20  # working memory of one chunk; larger chunks exceed the caches and are slower

Positions = NDArray[np.floating]
Array = TypeVar("Array", NDArray[Any], "Tensor")


def rmsd(a: Array, b: Array) -> Array:
    """Root mean square deviation over atoms, without superposition.

    Parameters
    ----------
    a, b : [..., n_atoms, 3]
        Geometries of shapes that broadcast, in the same unit.

    Returns
    -------
    float64 [...]
        In the unit of the positions.
    """
    xp = array_namespace(a, b)
    squares = xp.sum(xp.square(a - b), axis=-1, dtype=xp.float64)
    deviation: Array = xp.sqrt(xp.mean(squares, axis=-1))
    return deviation


def pairwise_rmsd(samples: Array) -> Array:
    """RMSD [n_frames, n_pairs] between all samples [n_frames, n_samples, n_atoms, 3] of each frame."""
    xp = array_namespace(samples)
    n_frames, n_samples, n_atoms, _ = samples.shape
    # Inner products need no array [n_pairs, n_atoms] of differences. Subtracting the mean sample first
    # keeps the cancellation error below float64 rounding of the spread.
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

    The positions [..., n_atoms, 3] are in any unit. An angle is 0 where two of its atoms coincide.
    """
    xp = array_namespace(positions)
    atoms = _columns(triples, positions)

    def angles(rows: Array) -> Array:
        i, j, k = (rows[..., column, :] for column in atoms)
        first, second = i - j, k - j
        lengths = xp.sqrt(_dot(first, first) * _dot(second, second))
        cosine = xp.where(lengths > 0, _dot(first, second) / xp.where(lengths > 0, lengths, 1.0), 1.0)
        degrees: Array = xp.acos(xp.clip(cosine, -1.0, 1.0)) * (180.0 / np.pi)
        return degrees

    return _by_geometry(angles, positions, len(triples))


def dihedrals(positions: Array, quads: IntArray) -> Array:
    """Torsions [..., n_torsions] about the middle bonds of ``quads`` [n_torsions, 4], −180 to 180 degrees.

    The positions [..., n_atoms, 3] are in any unit. A torsion is 0 where atoms coincide or lie on a line.
    """
    xp = array_namespace(positions)
    atoms = _columns(quads, positions)

    def torsions(rows: Array) -> Array:
        i, j, k, l = (rows[..., column, :] for column in atoms)  # noqa: E741 - the standard names
        b1, b2, b3 = j - i, k - j, l - k
        normal1, normal2 = xp.linalg.cross(b1, b2), xp.linalg.cross(b2, b3)
        sine = _dot(b1, normal2) * xp.sqrt(_dot(b2, b2))
        degrees: Array = xp.atan2(sine, _dot(normal1, normal2)) * (180.0 / np.pi)
        return degrees

    return _by_geometry(torsions, positions, len(quads))


def chiral_volumes(positions: Array, centres: IntArray) -> Array:
    """Signed volumes (a − c) × (b − c) · (d − c) [..., n_centres], in the unit of positions cubed.

    The positions are [..., n_atoms, 3], and ``centres`` [n_centres, 4] are indices of a, c, b and d, such as
    N, CA, C and CB: with these, volumes of L-amino acids are positive.
    """
    xp = array_namespace(positions)
    a, c, b, d = (positions[..., column, :] for column in _columns(centres, positions))
    volumes: Array = _dot(xp.linalg.cross(a - c, b - c), d - c)
    return volumes


def in_chunks(function: Callable[[Array], Array], rows: Array, bytes_per_row: int) -> Array:
    """Apply ``function`` to consecutive chunks of ``rows`` and join the results along the first axis.

    Parameters
    ----------
    function
        Maps rows [n, ...] to results [n, ...].
    rows : [n_rows, ...]
        At least one.
    bytes_per_row
        Working memory of ``function`` for one row.
    """
    size = max(1, CHUNK_BYTES // bytes_per_row)
    parts = [function(rows[start : start + size]) for start in range(0, len(rows), size)]
    joined: Array = array_namespace(*parts).concat(parts)
    return joined


def _by_geometry(function: Callable[[Array], Array], positions: Array, n_terms: int) -> Array:
    """Apply ``function`` to chunks of geometries [n, n_atoms, 3]; the result is [..., n_terms]."""
    rows = positions.reshape(-1, *positions.shape[-2:])
    values = in_chunks(function, rows, bytes_per_row=24 * positions.itemsize * max(n_terms, 1))
    shaped: Array = values.reshape(*positions.shape[:-2], n_terms)
    return shaped


def _columns(index: IntArray, like: Array) -> list[Array]:
    """Columns of indices [n, k] as arrays of the kind and on the device of another array."""
    xp = array_namespace(like)
    return [xp.asarray(np.ascontiguousarray(column), device=device(like)) for column in index.T]


def _dot(a: Array, b: Array) -> Array:
    products: Array = array_namespace(a, b).sum(a * b, axis=-1)
    return products


def out_of_plane(positions: Array, groups: Sequence[IntArray]) -> Array:
    """Root mean square distance of the atoms of each group from the plane that fits them best.

    The sum of the squared distances is the smallest eigenvalue of Σ (x_i − x̄)(x_i − x̄)ᵀ (K. Pearson, Phil.
    Mag. 2, 559, 1901). It is 0 for three atoms, and for atoms on a line or at one point.

    Parameters
    ----------
    positions : [..., n_atoms, 3]
        Array or tensor.

    Returns
    -------
    float64 [..., n_groups]
        In the unit of the positions.
    """
    xp, place = array_namespace(positions), device(positions)
    distances: Array = xp.zeros((*positions.shape[:-2], len(groups)), dtype=xp.float64, device=place)
    for number, atoms in enumerate(groups):
        points = xp.astype(positions[..., xp.asarray(atoms, device=place), :], xp.float64)
        points = points - xp.mean(points, axis=-2, keepdims=True)
        smallest = xp.linalg.eigvalsh(xp.matrix_transpose(points) @ points)[..., 0]
        distances[..., number] = xp.sqrt(xp.clip(smallest, 0.0, None) / len(atoms))
    return distances
