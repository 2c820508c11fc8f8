"""Distances of distributions from weights on a grid, against scipy."""

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from cgbench.chem.histograms import UniformGrid, block_histograms, jensen_shannon

GRID = UniformGrid(step=0.5, n_intervals=4)  # 0 to 2


def weights(*values):
    """Weights of one term in one frame with these samples."""
    column = np.asarray(values, dtype=np.float64)[None, :, None]
    return GRID.weights(column, np.zeros(1, dtype=np.int64))[0, 0]


def test_weight_of_a_value_is_shared_between_grid_points():
    np.testing.assert_allclose(weights(0.6), [0, 0.8, 0.2, 0, 0, 0])
    np.testing.assert_allclose(weights(0.0, 2.0), [1, 0, 0, 0, 1, 0])
    np.testing.assert_allclose(weights(3.0), [0, 0, 0, 0, 1, 2])  # two steps beyond


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([0.6], [0.7]),  # within an interval
        ([0.1], [1.9]),
        ([0.0, 1.0], [0.5]),
        ([1.7], [17.0]),  # beyond the grid
        ([5.0, 9.0], [6.0, 30.0]),
        ([0.2, 0.2, 1.4], [1.4, 1.4, 0.2]),
    ],
)
def test_wasserstein_is_exact_without_crossings_within_an_interval(first, second):
    found = GRID.wasserstein(weights(*first), weights(*second))
    assert found == pytest.approx(wasserstein_distance(first, second))
    assert GRID.wasserstein(weights(*second), weights(*first)) == pytest.approx(found)


def test_crossing_within_an_interval_is_underestimated():
    assert GRID.wasserstein(weights(0.6, 0.9), weights(0.7, 0.8)) == pytest.approx(0)


def test_a_fine_grid_underestimates_slightly(rng):
    first, second = rng.normal(1.5, 0.03, 400), rng.normal(1.51, 0.04, 900)
    grid = UniformGrid(step=0.01, n_intervals=300)
    block = np.zeros(1, dtype=np.int64)
    found = grid.wasserstein(*(grid.weights(each[None, :, None], block)[0, 0] for each in (first, second)))
    expected = wasserstein_distance(first, second)
    assert 0.97 * expected < found <= expected


def test_wasserstein_is_independent_of_the_number_of_values():
    assert GRID.wasserstein(weights(0.3, 1.3), weights(*[0.3, 1.3] * 7)) == pytest.approx(0)


def test_sums_over_blocks_keep_terms_and_blocks_apart():
    # Frames 0 and 2 are block 0; two samples, two terms.
    bins = np.array([[[0, 1], [0, 2]], [[1, 1], [1, 1]], [[2, 0], [0, 1]]])
    found = block_histograms(bins, np.array([0, 1, 0]), 3)
    np.testing.assert_array_equal(found, [[[3, 0, 1], [1, 2, 1]], [[0, 2, 0], [0, 2, 0]]])


def test_jensen_shannon_by_hand():
    assert jensen_shannon(np.array([1.0, 0]), np.array([0, 5.0])) == pytest.approx(np.log(2))
    assert jensen_shannon(np.array([2.0, 4]), np.array([1.0, 2])) == pytest.approx(0, abs=1e-12)
    both = jensen_shannon(np.array([[1.0, 0], [1, 1]]), np.array([[0, 1.0], [1, 1]]))
    np.testing.assert_allclose(both, [np.log(2), 0], atol=1e-12)
