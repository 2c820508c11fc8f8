"""Statistics with known answers: standard errors, coverage and the effect of pairing."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from cgbench.chem.energy_distance import energy_distance, pair_sums
from cgbench.chem.histograms import UniformGrid
from cgbench.statistics.confidence_intervals import Estimate, FoldValues


@pytest.fixture(scope="module")
def simulated() -> dict[str, Any]:
    return runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/intervals.py"))


def mean(total: np.ndarray) -> np.ndarray:
    return total[..., 0] / total[..., 1]


def sums(values: np.ndarray, blocks_per_fold: tuple[int, ...]) -> list[np.ndarray]:
    """Sum and count of values [n_blocks, n_frames], by fold."""
    rows = np.stack([values.sum(axis=1), np.full(len(values), values.shape[1])], axis=1)
    return np.split(rows, np.cumsum(blocks_per_fold)[:-1])


def of_means(values: np.ndarray, blocks_per_fold: tuple[int, ...]) -> FoldValues:
    return FoldValues.of_sums(sums(values, blocks_per_fold), mean)


def test_one_fold_gives_the_textbook_interval_of_a_mean(rng: np.random.Generator) -> None:
    values = rng.normal(3.0, 1.0, (12, 50))
    found = Estimate.of(of_means(values, (12,)))
    blocks = values.mean(axis=1)
    expected = stats.t.interval(0.95, 11, blocks.mean(), stats.sem(blocks))
    assert (found.low, found.mean, found.high) == pytest.approx((expected[0], values.mean(), expected[1]))
    assert found.p == pytest.approx(stats.ttest_1samp(blocks, 0).pvalue)
    assert found.statistic == pytest.approx(stats.ttest_1samp(blocks, 0).statistic)


def test_one_block_per_fold_gives_the_interval_over_folds(rng: np.random.Generator) -> None:
    values = rng.normal(3.0, 1.0, (5, 40))
    found = Estimate.of(of_means(values, (1,) * 5))
    folds = values.mean(axis=1)
    assert found.high - found.mean == pytest.approx(stats.t.ppf(0.975, 4) * stats.sem(folds))


def test_folds_that_differ_are_the_observations() -> None:
    """Blocks hardly differ within a fold, so that only the folds tell how far the mean may be off."""
    values = np.repeat([1.0, 2.0, 6.0], 2)[:, None] + np.tile([[-0.01], [0.01]], (3, 1))
    found = Estimate.of(of_means(values, (2, 2, 2)))
    assert found.high - found.mean == pytest.approx(stats.t.ppf(0.975, 2) * stats.sem([1.0, 2.0, 6.0]))


def test_folds_that_do_not_differ_are_pooled_with_their_blocks() -> None:
    """Folds have equal values; both estimates of the variance are weighted by their degrees of freedom."""
    values = np.tile([[1.0], [3.0]], (3, 1))
    found = Estimate.of(of_means(values, (2, 2, 2)))
    variance = (2 * 0.0 + 3 * 2.0 / 2 / 3) / 5
    assert found.high - found.mean == pytest.approx(stats.t.ppf(0.975, 5) * np.sqrt(variance))


@pytest.mark.parametrize("effect", [0.0, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("blocks", [(2, 2, 2), (5, 5, 4), (1, 1, 1), (20, 20, 20)])
def test_intervals_cover_the_true_mean(
    simulated: dict[str, Any], blocks: tuple[int, ...], effect: float
) -> None:
    assert 0.92 <= simulated["coverage"](blocks, effect) <= 0.98


def test_intervals_of_correlated_frames_cover_the_true_mean(rng: np.random.Generator) -> None:
    """Trajectories of an AR(1) process, correlated over 10 frames, of which the mean is a ratio of sums."""
    covered = 0
    for _ in range(300):
        values = np.zeros((6, 100))
        noise = rng.normal(size=(6, 100))
        for k in range(1, 100):
            values[:, k] = 0.9 * values[:, k - 1] + noise[:, k]
        found = Estimate.of(of_means(values, (2, 2, 2)))
        covered += found.low <= 0 <= found.high
    assert 0.9 <= covered / 300 <= 0.995


def test_intervals_of_energy_distances_cover_the_true_distance(rng: np.random.Generator) -> None:
    """Samples are 0.4 off the frames of their block; blocks have means of their own."""
    grid, shift = UniformGrid(0.05, 200), 0.4
    # Both are N(5, 1), the second shifted: a difference of two values is normal with twice the variance.
    two = np.sqrt(2.0)
    between = two * stats.norm.expect(lambda x: abs(x + shift / two))
    true = 2 * between - 2 * two * np.sqrt(2 / np.pi)

    def value(total: np.ndarray) -> np.ndarray:
        bins = grid.bins
        return energy_distance(grid, total[..., :bins], total[..., bins : 2 * bins], total[..., 2 * bins :])

    covered, n = 0, 300
    for _ in range(n):
        frames = 5.0 + np.sqrt(0.2) * rng.normal(size=(15, 1)) + np.sqrt(0.8) * rng.normal(size=(15, 20))
        weights = [
            grid.weights(each.reshape(-1, 1, 1), np.repeat(np.arange(15), 20))[:, 0]
            for each in (frames, frames + shift)
        ]
        rows = np.concatenate([*weights, pair_sums(grid, *weights)], axis=-1)
        found = Estimate.of(FoldValues.of_sums(np.split(rows, 3), value))
        covered += found.low <= true <= found.high
    assert 0.9 <= covered / n <= 0.99


def test_frames_are_not_resampled(rng: np.random.Generator) -> None:
    """More frames of the same trajectories make no interval narrower."""
    offsets = rng.normal(size=(6, 1))
    few, many = (Estimate.of(of_means(np.repeat(offsets, n, axis=1), (2, 2, 2))) for n in (10, 10000))
    assert few.high - few.low == pytest.approx(many.high - many.low)


def test_pairing_detects_what_single_intervals_hide(rng: np.random.Generator) -> None:
    """Trajectories spread by 1, but the second method is 0.05 worse on each."""
    first = rng.normal(size=(6, 1)) + 0.02 * rng.normal(size=(6, 100))
    second = first + 0.05 + 0.02 * rng.normal(size=(6, 1))
    a, b = (of_means(values, (2, 2, 2)) for values in (first, second))
    one, other = Estimate.of(a), Estimate.of(b)
    assert abs(other.mean - one.mean) < 0.2 * (one.high - one.mean), "told apart without pairing"
    difference = Estimate.of(b - a)
    assert difference.p < 0.05 and difference.low > 0
    noise = Estimate.of(a - a)
    assert (noise.mean, noise.low, noise.high, noise.p, noise.statistic) == (0.0, 0.0, 0.0, 1.0, 0.0)


def test_a_constant_difference_is_certain() -> None:
    found = Estimate.of(of_means(np.full((6, 4), 0.3), (2, 2, 2)))
    assert (found.low, found.high, found.p) == (found.mean, found.mean, 0.0)
    assert found.statistic == np.inf


def test_a_score_that_is_no_mean(rng: np.random.Generator) -> None:
    """Of a standard deviation, from sums of powers, the interval is that of its sampling error."""
    values = rng.normal(0.0, 2.0, (40, 200))
    powers = np.stack([values.sum(1), np.square(values).sum(1), np.full(40, 200.0)], axis=1)

    def deviation(total: np.ndarray) -> np.ndarray:
        first, second, n = total[..., 0], total[..., 1], total[..., 2]
        return np.sqrt(second / n - np.square(first / n))

    found = Estimate.of(FoldValues.of_sums([powers], deviation))
    # Standard error of a normal sample's deviation: σ / √(2 n).
    assert found.high - found.mean == pytest.approx(2.02 * 2.0 / np.sqrt(2 * 8000), rel=0.35)


def test_a_value_that_needs_two_blocks_is_judged_by_folds() -> None:
    """With two blocks in a fold, nothing is left to compare without one of them."""

    def value(total: np.ndarray) -> np.ndarray:
        return np.where(total[..., 1] > 1, total[..., 0], np.nan)

    blocks = [np.array([[a, 1.0], [b, 1.0]]) for a, b in ((1.0, 2.0), (3.0, 1.0), (2.0, 6.0))]
    found = FoldValues.of_sums(blocks, value)
    assert found.blocks_per_fold == (1, 1, 1)
    estimate = Estimate.of(found)
    assert estimate.high - estimate.mean == pytest.approx(stats.t.ppf(0.975, 2) * stats.sem([3.0, 4.0, 8.0]))
    assert np.isnan(Estimate.of(FoldValues.of_sums(blocks[:1], value)).high)


@pytest.mark.parametrize("counts", [(1,), (2, 2)])
def test_undefined_intervals_are_nan(counts: tuple[int, ...]) -> None:
    values = np.full((sum(counts), 3), np.nan) if len(counts) > 1 else np.ones((1, 3))
    found = Estimate.of(of_means(values, counts))
    assert np.isnan([found.low, found.high, found.p, found.statistic]).all()
    assert np.isnan(found.mean) == (len(counts) > 1)
