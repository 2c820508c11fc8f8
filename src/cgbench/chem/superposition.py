"""Superposition of point sets: best rotations, distances between shapes, their mean."""

from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from cgbench.chem.geometry import in_chunks
from cgbench.chem.molecule import IntArray

Floats = NDArray[np.floating]

# Singular values below this share of the largest one carry no direction.
DEGENERATE = 1e-6
NEWTON_STEPS = 8  # towards the largest root of the quartic, from above; frames near each other need two
LEAST_SLOPE = 1e-7  # in units of σ³; below it a step is rounding
MEAN_STEPS = 20
MEAN_TOLERANCE = 1e-9  # Å


def centred(points: Floats, weights: Floats) -> Floats:
    """Move the weighted centre of points [..., n, 3] to the origin; weights [n] sum to 1."""
    return np.asarray(points - np.einsum("i,...ic->...c", weights, points)[..., None, :])


def rotations(mobile: Floats, target: Floats, weights: Floats, generator: np.random.Generator) -> Floats:
    """Find the rotations R that minimise Σ_i w_i |R a_i − b_i|² (W. Kabsch, Acta Cryst. A32, 922, 1976).

    Mirror images are never used. Points on a line leave the turn about it open, and points on the
    origin leave all open: what is open is drawn at random, uniformly.

    Parameters
    ----------
    mobile, target : [..., n, 3]
        a and b, of shapes that broadcast, relative to the point that is kept.
    weights : [n]
    generator
        Of what is left open; untouched where nothing is.

    Returns
    -------
    float64 [..., 3, 3]
        For points as rows, ``mobile @ R.swapaxes(-1, -2)`` lies on ``target``.
    """
    covariance = np.swapaxes(target * weights[:, None], -1, -2).astype(np.float64) @ mobile
    left, values, right = np.linalg.svd(covariance)
    left[..., :, 2] *= np.sign(np.linalg.det(left) * np.linalg.det(right))[..., None]
    found = left @ right
    rank = ((values > 0) & (values > DEGENERATE * values[..., :1])).sum(axis=-1)
    line, point = rank == 1, rank == 0
    if line.any():
        angle = generator.uniform(-np.pi, np.pi, int(line.sum()))
        about = Rotation.from_rotvec(angle[:, None] * left[line][:, :, 0]).as_matrix()
        found[line] = about @ found[line]
    if point.any():
        found[point] = Rotation.random(int(point.sum()), rng=generator).as_matrix()
    return np.asarray(found)


def shape_distances(points: Floats, others: Floats, weights: Floats) -> Floats:
    """RMSD after superposition between every two of two sets of shapes, without the rotations.

    The best overlap σ of a pair is the largest root of σ⁴ − 2 I₁ σ² − 8 det(H) σ + I₁² − 4 I₂,
    where H is their covariance and I₁, I₂ the invariants of HᵀH (D. L. Theobald, Acta Cryst. A61,
    478, 2005); all pairs take Newton steps together. A mirror image counts as another shape.

    Parameters
    ----------
    points : [n, n_points, 3]
    others : [m, n_points, 3]
    weights : [n_points]
        Sum to 1.

    Returns
    -------
    float64 [n, m]
        In the unit of the points. Shapes closer than about 1e-7 of their size may show as equal.
    """
    a, b = (centred(shapes.astype(np.float64), weights) for shapes in (points, others))
    size = np.einsum("i,fic,fic->f", weights, b, b)
    # One matrix product per axis of the points makes the covariances of all pairs.
    columns = np.ascontiguousarray((b * weights[:, None]).transpose(2, 1, 0))  # [3, n_points, m]
    return in_chunks(partial(_distances, others=columns, size=size, weights=weights), a, 200 * len(b))


def _distances(points: Floats, others: Floats, size: Floats, weights: Floats) -> Floats:
    h = np.einsum("fic->cfi", points)[:, None] @ others[None]  # [3, 3, n, m]
    total = (np.einsum("i,fic,fic->f", weights, points, points)[:, None] + size) / 2
    i1 = np.einsum("abfm,abfm->fm", h, h)
    minors = np.stack([_cross(h[1], h[2]), _cross(h[2], h[0]), _cross(h[0], h[1])])
    i2 = np.einsum("abfm,abfm->fm", minors, minors)
    determinant = np.einsum("bfm,bfm->fm", h[0], minors[0])
    # From above: what a mirror image might reach, which is exact for points in a plane.
    overlap = np.minimum(total, np.sqrt(i1 + 2 * np.sqrt(i2 + 2 * np.abs(determinant) * total)))
    for _ in range(NEWTON_STEPS):
        square = overlap * overlap
        value = (square - i1) ** 2 - 8 * determinant * overlap - 4 * i2
        slope = 4 * overlap * (square - i1) - 8 * determinant
        # At the root of a line both vanish; from above, the slope is positive everywhere else.
        overlap -= np.divide(
            value, slope, out=np.zeros_like(value), where=slope > LEAST_SLOPE * square * overlap
        )
    return np.asarray(np.sqrt(np.maximum(2 * (total - overlap), 0.0)))


def _cross(a: Floats, b: Floats) -> Floats:
    return np.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def nearest_shapes(points: Floats, others: Floats, weights: Floats, k: int) -> tuple[IntArray, Floats]:
    """Find for each shape the k nearest of ``others``, nearest first.

    Returns
    -------
    index : int [n, k]
        Into ``others``.
    distance : float64 [n, k]
        As :func:`shape_distances`.
    """
    distance = shape_distances(points, others, weights)
    index = np.argpartition(distance, k - 1, axis=1)[:, :k]
    found = np.take_along_axis(distance, index, axis=1)
    order = np.argsort(found, axis=1, kind="stable")
    return np.take_along_axis(index, order, axis=1), np.take_along_axis(found, order, axis=1)


def mean_shape(shapes: Floats, weights: Floats, generator: np.random.Generator) -> Floats:
    """Find the mean [n, 3] of shapes [n_frames, n, 3] that are superposed on it (generalised Procrustes)."""
    mean = shapes[0].astype(np.float64)
    for _ in range(MEAN_STEPS):
        before = mean
        mean = (shapes @ rotations(mean, shapes, weights, generator)).mean(axis=0)
        if np.abs(mean - before).max(initial=0.0) < MEAN_TOLERANCE:
            break
    return np.asarray(mean)
