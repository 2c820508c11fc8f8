from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter

from cgbench.chem.autocorrelation import correlation_time, integrated_time


def first_order_process(rng, n_steps, memory):
    """x_t = a x_{t-1} + noise, whose correlation is a^k: integrated time 1/2 + a / (1 - a)."""
    return lfilter([1.0], [1.0, -memory], rng.normal(size=n_steps))


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9, 0.98])
def test_integrated_time_of_a_known_process(rng, memory):
    series = [first_order_process(rng, 20_000, memory) for _ in range(5)]
    steps, complete = integrated_time(series)
    assert complete
    assert steps == pytest.approx(0.5 + memory / (1 - memory), rel=0.1)


def test_trajectories_caught_in_different_states_give_a_lower_bound(rng):
    series = [rng.normal(size=1000) + 20 * state for state in (0, 1)]
    steps, complete = integrated_time(series)
    assert not complete
    assert steps > 100


def test_time_scales_with_the_frame_interval_and_not_with_orientation(alanine_frames, rng):
    measured = correlation_time(alanine_frames)
    assert measured.ps >= 125, "half the frame interval at least"
    slower = replace(alanine_frames, time=2 * alanine_frames.time)
    assert correlation_time(slower).ps == pytest.approx(2 * measured.ps)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    turned = replace(alanine_frames, positions=alanine_frames.positions @ rotation.astype(np.float32))
    assert correlation_time(turned).ps == pytest.approx(measured.ps, rel=1e-3)
