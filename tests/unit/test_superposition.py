import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cgbench.chem.superposition import (
    broadest_axes,
    centred,
    mean_shape,
    nearest_shapes,
    rotations,
    shape_distances,
    shape_distances_of_pairs,
)


def weights(rng: np.random.Generator, n: int) -> np.ndarray:
    drawn = rng.uniform(0.5, 2.0, n)
    return drawn / drawn.sum()


def independent_rmsd(a: np.ndarray, b: np.ndarray, w: np.ndarray) -> float:
    """Superposition by scipy, whose rssd is sqrt(Σ w |R a − b|²)."""
    _, rssd = Rotation.align_vectors(centred(b, w), centred(a, w), weights=w)
    return float(rssd)


def test_weighted_centre_moves_to_the_origin() -> None:
    points = np.array([[[0.0, 0.0, 0.0], [3.0, 6.0, 9.0]]])
    moved = centred(points, np.array([2 / 3, 1 / 3]))
    np.testing.assert_allclose(moved, [[[-1.0, -2.0, -3.0], [2.0, 4.0, 6.0]]])


@pytest.mark.parametrize("n", [3, 4, 9])
def test_a_rotation_is_found_exactly(rng: np.random.Generator, n: int) -> None:
    w, expected = weights(rng, n), Rotation.random(20, rng=rng).as_matrix()
    points = centred(rng.normal(size=(20, n, 3)), w)
    found = rotations(points, points @ expected.swapaxes(1, 2), w, rng)
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("n", [3, 5])
def test_rotations_agree_with_scipy(rng: np.random.Generator, n: int) -> None:
    w = weights(rng, n)
    a, b = (centred(rng.normal(size=(30, n, 3)), w) for _ in range(2))
    expected = [Rotation.align_vectors(y, x, weights=w)[0].as_matrix() for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(rotations(a, b, w, rng), expected, atol=1e-6)


def test_rotation_about_a_line_is_drawn_uniformly(rng: np.random.Generator) -> None:
    line = np.array([[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    target = np.repeat(line[None] @ Rotation.random(rng=rng).as_matrix(), 4000, axis=0)
    found = rotations(line, target, np.full(2, 0.5), rng)
    np.testing.assert_allclose(line @ found.swapaxes(1, 2), target, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(found), 1.0)
    side = found @ [0.0, 1.0, 0.0]
    # Mean of a unit vector rotating about a line: 0, with standard error √(1/2)/√4000 per component.
    assert np.abs(side.mean(axis=0)).max() < 4 * np.sqrt(0.5 / 4000)


def test_rotation_of_a_point_is_drawn_uniformly(rng: np.random.Generator) -> None:
    found = rotations(np.zeros((1, 3)), np.zeros((4000, 1, 3)), np.ones(1), rng)
    np.testing.assert_allclose(
        found @ found.swapaxes(1, 2), np.broadcast_to(np.eye(3), found.shape), atol=1e-12
    )
    assert np.abs(found.mean(axis=0)).max() < 4 * np.sqrt(1 / 3 / 4000)


@pytest.mark.filterwarnings("ignore:Optimal rotation is not uniquely")  # on a line
@pytest.mark.parametrize("n", [2, 3, 4, 12])
def test_distances_agree_with_scipy(rng: np.random.Generator, n: int) -> None:
    w = weights(rng, n)
    a, b = rng.normal(size=(6, n, 3)) * 3, rng.normal(size=(7, n, 3)) * 3
    expected = [[independent_rmsd(x, y, w) for y in b] for x in a]
    np.testing.assert_allclose(shape_distances(a, b, w), expected, atol=1e-5)


def test_distances_depend_only_on_shape_and_chirality(rng: np.random.Generator) -> None:
    w = weights(rng, 5)
    a = rng.normal(size=(1, 5, 3))
    rotated = a @ Rotation.random(rng=rng).as_matrix() + [3.0, -4.0, 5.0]
    distance = shape_distances(a, np.concatenate([rotated, -rotated]), w)[0]
    assert distance[0] < 1e-6
    assert distance[1] == pytest.approx(independent_rmsd(a[0], -a[0], w), abs=1e-9) and distance[1] > 0.1
    # Three points lie in a plane, and a rotation maps them onto their mirror image.
    triangle = a[:, :3]
    assert shape_distances(triangle, -triangle, weights(rng, 3)).max() < 1e-6


def test_nearest_shapes_by_brute_force(rng: np.random.Generator) -> None:
    w = weights(rng, 4)
    a, b = rng.normal(size=(5, 4, 3)), rng.normal(size=(40, 4, 3))
    index, distance = nearest_shapes(a, b, w, 3)
    expected = np.array([[independent_rmsd(x, y, w) for y in b] for x in a])
    np.testing.assert_array_equal(index, np.argsort(expected, axis=1)[:, :3])
    np.testing.assert_allclose(distance, np.sort(expected, axis=1)[:, :3], atol=1e-6)


def test_mean_of_rotated_copies_is_the_shape(rng: np.random.Generator) -> None:
    w = np.full(4, 0.25)
    shape = centred(rng.normal(size=(4, 3)), w)
    copies = shape @ Rotation.random(50, rng=rng).as_matrix()
    mean = mean_shape(copies + rng.normal(size=copies.shape) * 1e-3, w, rng)
    assert shape_distances(mean[None], shape[None], w).item() < 1e-3


def test_distances_of_pairs_agree_with_those_of_all(rng: np.random.Generator) -> None:
    """Shapes 2 and 3 are the first one turned and mirrored."""
    shapes = rng.normal(size=(30, 4, 5, 3))
    shapes[:, 2] = shapes[:, 0] @ Rotation.random(rng=rng).as_matrix() + 4.0
    shapes[:, 3] = -shapes[:, 0]
    pairs = np.array([[0, 1], [3, 1], [0, 2], [0, 3]])
    found = shape_distances_of_pairs(shapes, pairs)
    for frame, distances in zip(shapes, found, strict=True):
        expected = shape_distances(frame, frame, np.full(5, 0.2))[tuple(pairs.T)]
        np.testing.assert_allclose(distances, expected, atol=1e-6)
    assert (found[:, 2] == 0.0).all()
    assert (found[:, 3] > 0.01).all()  # chiral, some only slightly


def test_the_broadest_side_is_turned_to_the_front_and_not_mirrored(rng: np.random.Generator) -> None:
    points = rng.normal(size=(20, 3)) * (1.0, 3.0, 9.0)
    points -= points.mean(axis=0)
    turned = points @ broadest_axes(points)
    extent = turned.std(axis=0)
    assert extent[0] > extent[1] > extent[2]
    assert np.linalg.det(broadest_axes(points)) == pytest.approx(1.0)
    rotated = points @ Rotation.random(rng=rng).as_matrix()
    np.testing.assert_allclose(rotated @ broadest_axes(rotated + 7), turned, atol=1e-8)
