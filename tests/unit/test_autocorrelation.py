from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter

from cgbench.chem.autocorrelation import correlation_time, integrated_time


def first_order_process(rng, n_steps, coefficient):
    """x_t = a x_{t-1} + noise, whose correlation is a^k: integrated time 1/2 + a / (1 - a)."""
    return lfilter([1.0], [1.0, -coefficient], rng.normal(size=n_steps))


@pytest.mark.parametrize("coefficient", [0.0, 0.5, 0.9, 0.98])
def test_integrated_time_of_a_known_process(rng, coefficient):
    series = [first_order_process(rng, 20_000, coefficient) for _ in range(5)]
    steps, converged = integrated_time(series)
    assert converged
    assert steps == pytest.approx(0.5 + coefficient / (1 - coefficient), rel=0.1)


def test_trajectories_in_different_states_give_a_lower_bound(rng):
    series = [rng.normal(size=1000) + 20 * state for state in (0, 1)]
    steps, converged = integrated_time(series)
    assert not converged
    assert steps > 100


def test_time_scales_with_the_frame_interval_and_is_invariant_under_rotation(alanine_frames, rng):
    measured = correlation_time(alanine_frames)
    assert measured.ps >= 125, "half the frame interval at least"
    slower = replace(alanine_frames, time=2 * alanine_frames.time)
    assert correlation_time(slower).ps == pytest.approx(2 * measured.ps)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    rotated = replace(alanine_frames, positions=alanine_frames.positions @ rotation.astype(np.float32))
    assert correlation_time(rotated).ps == pytest.approx(measured.ps, rel=1e-3)
