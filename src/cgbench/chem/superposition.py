"""Superposition of point sets: rotations, RMSD of all pairs, nearest neighbours, mean shapes and axes."""

from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from cgbench.chem.geometry import in_chunks
from cgbench.chem.molecule import IntArray

Floats = NDArray[np.floating]

RANK_TOLERANCE = 1e-6  # singular values below this fraction of the largest count as 0
NEWTON_STEPS = 8  # to the largest root of the quartic, from above; similar shapes need two
MIN_SLOPE = 1e-7  # in units of σ³; below, Newton steps are rounding errors
MEAN_STEPS = 20
MEAN_TOLERANCE = 1e-9  # Å


def centred(points: Floats, weights: Floats) -> Floats:
    """Subtract the weighted centre from points [..., n, 3]; the weights [n] sum to 1."""
    return np.asarray(points - np.einsum("i,...ic->...c", weights, points)[..., None, :])


def rotations(mobile: Floats, target: Floats, weights: Floats, generator: np.random.Generator) -> Floats:
    """Find the rotations R that minimise Σ_i w_i |R a_i − b_i|² (W. Kabsch, Acta Cryst. A32, 922, 1976).

    Reflections are excluded. Where points on a line or at the origin do not determine the rotation, it
    is drawn uniformly from the optimal ones. scipy's ``align_vectors`` does one pair at a time.

    Parameters
    ----------
    mobile, target : [..., n, 3]
        a and b, of shapes that broadcast, relative to the centre of rotation.
    generator
        Used only where points do not determine the rotation.

    Returns
    -------
    float64 [..., 3, 3]
        For points as rows, ``mobile @ R.swapaxes(-1, -2)`` is superposed on ``target``.
    """
    covariance = np.swapaxes(target * weights[:, None], -1, -2).astype(np.float64) @ mobile
    left, values, right = np.linalg.svd(covariance)
    left[..., :, 2] *= np.sign(np.linalg.det(left) * np.linalg.det(right))[..., None]
    matrices = left @ right
    rank = ((values > 0) & (values > RANK_TOLERANCE * values[..., :1])).sum(axis=-1)
    line, point = rank == 1, rank == 0
    if line.any():
        angle = generator.uniform(-np.pi, np.pi, int(line.sum()))
        about_line = Rotation.from_rotvec(angle[:, None] * left[line][:, :, 0]).as_matrix()
        matrices[line] = about_line @ matrices[line]
    if point.any():
        matrices[point] = Rotation.random(int(point.sum()), rng=generator).as_matrix()
    return np.asarray(matrices)


def shape_distances(points: Floats, others: Floats, weights: Floats) -> Floats:
    """RMSD after superposition between all pairs of two sets of shapes.

    The maximal overlap σ of a pair is the largest root of σ⁴ − 2 I₁ σ² − 8 det(H) σ + I₁² − 4 I₂,
    where H is their covariance and I₁, I₂ are invariants of HᵀH (D. L. Theobald, Acta Cryst. A61,
    478, 2005). Newton's method finds it for all pairs at once, without rotations. Reflections are
    excluded.

    Parameters
    ----------
    points, others : [n, n_points, 3], [m, n_points, 3]
        The two sets, in the same unit.
    weights : [n_points]
        Weight of each point; the sum is 1.

    Returns
    -------
    float64 [n, m]
        In the unit of the points, accurate to about 1e-7 of the size of the shapes.
    """
    a, b = (centred(shapes.astype(np.float64), weights) for shapes in (points, others))
    size = np.einsum("i,fic,fic->f", weights, b, b)
    # The covariances of all pairs take one matrix product per axis.
    columns = np.ascontiguousarray((b * weights[:, None]).transpose(2, 1, 0))  # [3, n_points, m]
    return in_chunks(partial(_shape_distances, others=columns, size=size, weights=weights), a, 200 * len(b))


def _shape_distances(points: Floats, others: Floats, size: Floats, weights: Floats) -> Floats:
    h = np.einsum("fic->cfi", points)[:, None] @ others[None]  # [3, 3, n, m]
    total = (np.einsum("i,fic,fic->f", weights, points, points)[:, None] + size) / 2
    i1 = np.einsum("abfm,abfm->fm", h, h)
    minors = np.stack([_cross(h[1], h[2]), _cross(h[2], h[0]), _cross(h[0], h[1])])
    i2 = np.einsum("abfm,abfm->fm", minors, minors)
    determinant = np.einsum("bfm,bfm->fm", h[0], minors[0])
    # Upper bound of the root, which includes reflections and is exact for points in a plane.
    overlap = np.minimum(total, np.sqrt(i1 + 2 * np.sqrt(i2 + 2 * np.abs(determinant) * total)))
    for _ in range(NEWTON_STEPS):
        square = overlap * overlap
        value = (square - i1) ** 2 - 8 * determinant * overlap - 4 * i2
        slope = 4 * overlap * (square - i1) - 8 * determinant
        # Above the root the slope is positive, except for points on a line, where both vanish at the root.
        overlap -= np.divide(
            value, slope, out=np.zeros_like(value), where=slope > MIN_SLOPE * square * overlap
        )
    return np.asarray(np.sqrt(np.maximum(2 * (total - overlap), 0.0)))


def _cross(a: Floats, b: Floats) -> Floats:
    """Cross products along the first axis, in a quarter of the time of ``numpy.cross``."""
    return np.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def shape_distances_of_pairs(shapes: Floats, pairs: IntArray) -> Floats:
    """RMSD after superposition between pairs of shapes of each frame, all points with equal weight.

    It follows from the singular values of the covariance of a pair, without a rotation (W. Kabsch, Acta
    Cryst. A32, 922, 1976). Reflections are excluded.

    Parameters
    ----------
    shapes : [n_frames, n_shapes, n_points, 3]
        Shapes of each frame.
    pairs : int [n_pairs, 2]
        Numbers of the two shapes of each pair.

    Returns
    -------
    float64 [n_frames, n_pairs]
        In the unit of the shapes. Distances below 1e-6 of the size of the shapes are rounding, and are 0.
    """
    n_points = shapes.shape[2]
    first, second = pairs.T

    def distances(frames: Floats) -> Floats:
        points = frames - frames.mean(axis=2, keepdims=True, dtype=np.float64)
        # The covariances of all shapes of a frame take one matrix product.
        rows = np.swapaxes(points, 2, 3).reshape(len(points), -1, n_points)
        covariance = (rows @ np.swapaxes(rows, 1, 2)).reshape(len(points), -1, 3, len(points[0]), 3)
        h = covariance[:, first, :, second].swapaxes(0, 1)  # advanced indices come first
        overlap = np.linalg.svd(h, compute_uv=False)
        overlap[..., 2] *= np.sign(np.linalg.det(h))
        sizes = np.square(points).sum(axis=(2, 3))
        both = sizes[:, first] + sizes[:, second]
        squares = both - 2.0 * overlap.sum(axis=-1)
        return np.asarray(np.sqrt(np.where(squares > 1e-12 * both, squares, 0.0) / n_points))

    return in_chunks(distances, shapes, bytes_per_row=50 * shapes[0].size)


def nearest_shapes(points: Floats, others: Floats, weights: Floats, k: int) -> tuple[IntArray, Floats]:
    """Find the k nearest neighbours of each shape among k or more ``others``, nearest first.

    Returns
    -------
    index : int [n, k]
        Index into ``others``.
    distance : float64 [n, k]
        RMSD after superposition, as :func:`shape_distances`.
    """
    distance = shape_distances(points, others, weights)
    index = np.argpartition(distance, k - 1, axis=1)[:, :k]
    nearest = np.take_along_axis(distance, index, axis=1)
    order = np.argsort(nearest, axis=1, kind="stable")
    return np.take_along_axis(index, order, axis=1), np.take_along_axis(nearest, order, axis=1)


def mean_shape(shapes: Floats, weights: Floats, generator: np.random.Generator) -> Floats:
    """Mean [n, 3] of centred shapes [n_frames, n, 3] superposed on it (generalised Procrustes analysis)."""
    mean = shapes[0].astype(np.float64)
    for _ in range(MEAN_STEPS):
        previous = mean
        mean = (shapes @ rotations(mean, shapes, weights, generator)).mean(axis=0)
        if np.abs(mean - previous).max(initial=0.0) < MEAN_TOLERANCE:
            break
    return np.asarray(mean)


def broadest_axes(positions: Floats) -> Floats:
    """Rotation matrix [3, 3] with axes as columns: along them, positions [n, 3] extend farthest, less, least.

    The rotation is proper, and the first position has a negative first and a positive second coordinate,
    so that it is the same for all orientations of a geometry.
    """
    relative = positions - positions.mean(axis=0)
    axes = np.linalg.eigh(relative.T @ relative)[1][:, ::-1]
    axes[:, 0] *= -1.0 if relative[0] @ axes[:, 0] > 0 else 1.0
    axes[:, 1] *= -1.0 if relative[0] @ axes[:, 1] < 0 else 1.0
    axes[:, 2] = np.cross(axes[:, 0], axes[:, 1])
    return np.asarray(axes)
