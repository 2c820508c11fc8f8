"""Statistics with known answers: standard errors, coverage and the effect of pairing."""

import numpy as np
import pytest
from scipy import stats
from scipy.signal import lfilter

from cgbench.statistics.confidence_intervals import Resampling


def mean(total: np.ndarray) -> np.ndarray:
    return total[..., 0] / total[..., 1]


def sums(values: np.ndarray) -> np.ndarray:
    """Sum and count of values [n_blocks, n_frames]."""
    return np.stack([values.sum(axis=1), np.full(len(values), values.shape[1])], axis=1)


def test_one_fold_gives_the_textbook_interval_of_a_mean(rng: np.random.Generator) -> None:
    values = rng.normal(3.0, 1.0, (12, 50))
    draws = Resampling.draw((12,), n_draws=20000)
    found = draws.estimate(*draws.values(sums(values), mean))
    blocks = values.mean(axis=1)
    expected = stats.t.interval(0.95, 11, blocks.mean(), stats.sem(blocks))
    assert found.mean == pytest.approx(values.mean())
    assert found.high - found.mean == pytest.approx((expected[1] - expected[0]) / 2, rel=0.02)
    assert found.p == pytest.approx(stats.ttest_1samp(blocks, 0).pvalue, rel=0.5)


def test_one_block_per_fold_gives_the_interval_over_folds(rng: np.random.Generator) -> None:
    values = rng.normal(3.0, 1.0, (5, 40))
    draws = Resampling.draw((1, 1, 1, 1, 1), n_draws=20000)
    found = draws.estimate(*draws.values(sums(values), mean))
    folds = values.mean(axis=1)
    assert found.high - found.mean == pytest.approx(stats.t.ppf(0.975, 4) * stats.sem(folds), rel=0.02)


def test_draws_are_folds_with_their_blocks() -> None:
    draws = Resampling.draw((2, 3), n_draws=500)
    assert draws.weights.shape == (500, 2, 5)
    first, second = draws.weights[..., :2].sum(-1), draws.weights[..., 2:].sum(-1)
    assert set(zip(first.ravel().tolist(), second.ravel().tolist(), strict=True)) == {(2.0, 0.0), (0.0, 3.0)}
    assert (first > 0).mean() == pytest.approx(0.5, abs=0.08)
    np.testing.assert_array_equal(draws.weights, Resampling.draw((2, 3), n_draws=500).weights)


@pytest.mark.parametrize(
    ("shape", "between", "least"),
    [((3, 2), 0.0, 0.93), ((3, 2), 1.0, 0.91), ((5, 4), 0.5, 0.90), ((1, 6), 0.0, 0.91)],
)
def test_intervals_cover_the_truth(
    rng: np.random.Generator, shape: tuple[int, int], between: float, least: float
) -> None:
    """Trajectories of an AR(1) process, correlated over 10 frames, in folds that were trained differently."""
    n_folds, n_blocks = shape
    draws, covered = Resampling.draw((n_blocks,) * n_folds, n_draws=200), 0
    for _ in range(300):
        noise = rng.normal(size=(n_folds * n_blocks, 150))
        values = lfilter([1.0], [1.0, -0.9], noise, axis=1)[:, 50:]
        values += np.repeat(between * rng.normal(size=n_folds), n_blocks)[:, None]
        found = draws.estimate(*draws.values(sums(values), mean))
        covered += found.low <= 0 <= found.high
    assert least <= covered / 300 <= 0.995


def test_frames_are_not_resampled(rng: np.random.Generator) -> None:
    """More frames of the same trajectories make no interval narrower."""
    offsets = rng.normal(size=(6, 1))
    widths = []
    for n in (10, 10000):
        draws = Resampling.draw((2, 2, 2))
        found = draws.estimate(*draws.values(sums(np.repeat(offsets, n, axis=1)), mean))
        widths.append(found.high - found.low)
    assert widths[0] == pytest.approx(widths[1])


def test_pairing_detects_what_single_intervals_hide(rng: np.random.Generator) -> None:
    """Trajectories spread by 1, but the second method is 0.05 worse on each."""
    first = rng.normal(size=(6, 1)) + 0.02 * rng.normal(size=(6, 100))
    second = first + 0.05 + 0.02 * rng.normal(size=(6, 1))
    draws = Resampling.draw((2, 2, 2))
    (a, a_draws), (b, b_draws) = (draws.values(sums(values), mean) for values in (first, second))
    one, other = draws.estimate(a, a_draws), draws.estimate(b, b_draws)
    assert abs(other.mean - one.mean) < 0.2 * (one.high - one.mean), "told apart without pairing"
    difference = draws.estimate(b - a, b_draws - a_draws)
    assert difference.p < 0.05 and difference.low > 0
    noise = draws.estimate(a - a, a_draws - a_draws)
    assert (noise.mean, noise.low, noise.high, noise.p) == (0.0, 0.0, 0.0, 1.0)


def test_a_score_that_is_no_mean(rng: np.random.Generator) -> None:
    """Of a standard deviation, from sums of powers, the interval is that of its sampling error."""
    values = rng.normal(0.0, 2.0, (40, 200))
    powers = np.stack([values.sum(1), np.square(values).sum(1), np.full(40, 200.0)], axis=1)

    def deviation(total: np.ndarray) -> np.ndarray:
        first, second, n = total[..., 0], total[..., 1], total[..., 2]
        return np.sqrt(second / n - np.square(first / n))

    draws = Resampling.draw((40,))
    found = draws.estimate(*draws.values(powers, deviation))
    # Standard error of a normal sample's deviation: σ / √(2 n).
    assert found.high - found.mean == pytest.approx(2.02 * 2.0 / np.sqrt(2 * 8000), rel=0.35)


@pytest.mark.parametrize("counts", [(1,), (2, 2)])
def test_undefined_intervals_are_nan(counts: tuple[int, ...]) -> None:
    values = np.full((sum(counts), 3), np.nan) if len(counts) > 1 else np.ones((1, 3))
    draws = Resampling.draw(counts)
    found = draws.estimate(*draws.values(sums(values), mean))
    assert np.isnan([found.low, found.high, found.p]).all()
    assert np.isnan(found.mean) == (len(counts) > 1)
