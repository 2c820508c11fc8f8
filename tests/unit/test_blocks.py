import numpy as np
import pytest

from cgbench.chem.autocorrelation import CorrelationTime
from cgbench.chem.frames import Frames
from cgbench.statistics import blocks
from cgbench.statistics.blocks import independent_blocks


@pytest.fixture
def frames(alanine):
    """Two trajectories of 100 frames, 1 ps apart."""
    return Frames(
        positions=np.zeros((200, 22, 3), dtype=np.float32),
        trajectory=np.repeat([0, 1], 100),
        time=np.tile(np.arange(100.0), 2),
        molecule=alanine,
    )


def set_correlation_time(monkeypatch, ps):
    monkeypatch.setattr(blocks, "correlation_time", lambda frames: CorrelationTime(ps, lower_bound=False))


def test_several_trajectories_are_one_block_each(frames):
    found = independent_blocks(frames, np.array([90, 95, 100, 105, 199]))
    np.testing.assert_array_equal(found, [0, 0, 1, 1, 1])


def test_many_trajectories_are_few_blocks_of_neighbours(alanine):
    """What blocks add up to is stored, megabytes for each of a protein."""
    frames = Frames(
        np.zeros((90, 22, 3), dtype=np.float32), np.repeat(np.arange(45), 2), np.zeros(90), alanine
    )
    found = independent_blocks(frames, np.arange(90))
    assert found.max() + 1 == blocks.MAX_BLOCKS and (np.diff(found) >= 0).all()
    assert set(np.bincount(found)) == {4, 6}
    assert (found[::2] == found[1::2]).all(), "a trajectory is in one block"


@pytest.mark.parametrize(("ps", "expected"), [(4.0, 4), (4.9, 4), (5.1, 3), (9.0, 2), (11.0, 1), (0.1, 20)])
def test_one_trajectory_is_cut_into_blocks_of_five_correlation_times(frames, monkeypatch, ps, expected):
    set_correlation_time(monkeypatch, ps)
    found = independent_blocks(frames, np.arange(100))
    assert found.max() + 1 == expected
    assert (np.diff(found) >= 0).all()
    sizes = np.bincount(found)
    assert sizes.max() - sizes.min() <= 1
    assert expected == 1 or sizes.min() >= min(5 * ps, 99 / 20) - 1


def test_no_block_is_empty(frames, monkeypatch):
    set_correlation_time(monkeypatch, 1.0)
    np.testing.assert_array_equal(independent_blocks(frames, np.array([0, 1, 50, 99])), [0, 0, 1, 2])


def test_one_frame_is_one_block(frames, monkeypatch):
    set_correlation_time(monkeypatch, 1.0)
    np.testing.assert_array_equal(independent_blocks(frames, np.array([150])), [0])


def test_the_correlation_time_is_that_of_the_frames(alanine_frames):
    chosen = np.flatnonzero(alanine_frames.trajectory == 0)
    assert independent_blocks(alanine_frames, chosen).max() < blocks.MAX_BLOCKS
