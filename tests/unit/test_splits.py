import dataclasses
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.config.schema import Protocol
from cgbench.core.errors import InputError
from cgbench.data.splits import PARTS, Split, make_split

ARGON = Molecule(("Ar",), ("AR",), ("AR",), np.array([0]), np.array([39.9]), np.empty((0, 2), dtype=np.int64))


def toy_frames(lengths, interval_ps=1.0):
    """Frames of one atom whose trajectories have the given numbers of frames."""
    trajectory = np.repeat(np.arange(len(lengths)), lengths)
    time = np.concatenate([np.arange(n) * interval_ps for n in lengths])
    return Frames(np.zeros((len(time), 1, 3), dtype=np.float32), trajectory, time, ARGON)


def parts(split):
    return [getattr(split, part) for part in PARTS]


@st.composite
def several_trajectories(draw):
    lengths = draw(st.lists(st.integers(5, 60), min_size=3, max_size=12))
    folds = draw(st.integers(1, len(lengths)))
    return toy_frames(lengths), Protocol(folds=folds, train_frames=40, valid_frames=10, test_frames=10)


@given(several_trajectories())
@settings(deadline=None, max_examples=60)
def test_trajectories_are_never_shared(case):
    frames, protocol = case
    tested = []
    for fold in range(protocol.folds):
        split = make_split(frames, protocol, fold, seed=0)
        found = [set(frames.trajectory[part].tolist()) for part in parts(split)]
        assert not (found[0] & found[1] or found[0] & found[2] or found[1] & found[2])
        assert all(len(part) == len(set(part.tolist())) > 0 for part in parts(split))
        assert split.trajectories == {name: sorted(at) for name, at in zip(PARTS, found, strict=True)}
        tested += sorted(found[2])
    assert len(tested) == len(set(tested)), "a trajectory is tested in two folds"


@given(
    lengths=st.lists(st.integers(60, 300), min_size=1, max_size=2),
    folds=st.integers(1, 5),
    gap=st.floats(0, 8),
    interval=st.sampled_from([0.2, 1.0]),
)
@settings(deadline=None, max_examples=60)
def test_blocks_keep_the_gap(lengths, folds, gap, interval):
    frames = toy_frames(lengths, interval)
    gap *= interval
    protocol = Protocol(folds=folds, gap_ps=gap)
    for fold in range(folds):
        split = make_split(frames, protocol, fold, seed=0)
        assert (split.by, split.gap_ps) == ("blocks", gap)
        for one, other in [(split.train, split.valid), (split.train, split.test), (split.valid, split.test)]:
            for number in range(len(lengths)):
                a, b = (frames.time[part[frames.trajectory[part] == number]] for part in (one, other))
                assert np.abs(a[:, None] - b).min() >= max(gap - 1e-9, interval - 1e-9)


def test_each_frame_is_tested_once_over_the_folds():
    for frames in (toy_frames([50] * 6), toy_frames([200])):
        protocol = Protocol(folds=5, gap_ps=0)
        tested = np.concatenate([make_split(frames, protocol, fold, 0).test for fold in range(5)])
        assert sorted(tested.tolist()) == list(range(len(frames)))


def test_trajectory_is_tested_by_its_index_and_validation_differs_between_folds():
    frames = toy_frames([10] * 6)
    splits = [make_split(frames, Protocol(folds=3), fold, 0) for fold in range(3)]
    assert [split.trajectories["test"] for split in splits] == [[0, 3], [1, 4], [2, 5]]
    assert [split.trajectories["valid"] for split in splits] == [[1], [2], [0]]


def test_limits_are_kept_and_every_trajectory_contributes():
    frames = toy_frames([1000] * 6)
    protocol = Protocol(folds=3, train_frames=30, valid_frames=7, test_frames=11)
    split = make_split(frames, protocol, 0, 0)
    assert [len(part) for part in parts(split)] == [30, 7, 11]
    _, counts = np.unique(frames.trajectory[split.train], return_counts=True)
    assert counts.tolist() == [10, 10, 10]


def test_published_split_shuffles_frames_and_depends_on_the_seed():
    frames = toy_frames([100] * 3)
    protocol = Protocol(split="published", folds=5)
    splits = [make_split(frames, protocol, fold, seed=1) for fold in range(5)]
    tested = np.concatenate([split.test for split in splits])
    assert sorted(tested.tolist()) == list(range(300))
    for split in splits:
        assert len(np.unique(np.concatenate(parts(split)))) == 300, "parts overlap"
        neighbours = np.abs(split.test[:, None] - split.train).min(axis=1)
        assert (neighbours == 1).mean() > 0.8, "the time leak of the published split"
    again = make_split(frames, protocol, 0, seed=1)
    other = make_split(frames, protocol, 0, seed=2)
    np.testing.assert_array_equal(again.test, splits[0].test)
    assert set(other.test) != set(splits[0].test)


def test_save_and_load(tmp_path):
    split = make_split(toy_frames([20] * 4), Protocol(folds=2), 1, 0)
    split.save(tmp_path / "fold1.json")
    loaded = Split.load(tmp_path / "fold1.json")
    for field in dataclasses.fields(Split):
        np.testing.assert_array_equal(getattr(loaded, field.name), getattr(split, field.name))


def test_split_of_other_frames_is_refused_naming_both_files(tmp_path):
    frames = toy_frames([20] * 4)
    split = make_split(frames, Protocol(folds=2), 1, 0)
    split.save(tmp_path / "fold1.json")
    assert len(Split.load_for(tmp_path / "fold1.json", frames, "frames.npz").test) == len(split.test)
    with pytest.raises(InputError, match=r"fold1\.json: made for 80 frames, but other\.npz holds 40; give"):
        Split.load_for(tmp_path / "fold1.json", toy_frames([10] * 4), "other.npz")


@pytest.mark.parametrize("content", ["[]", "{}", '{"train": [0], "valid": [1], "test": ["x"]}'])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "split.json").write_text(content)
    with pytest.raises(InputError, match=r"split\.json: not a split"):
        Split.load(tmp_path / "split.json")


@pytest.mark.parametrize(
    ("lengths", "protocol", "fold", "message"),
    [
        ([10] * 3, {"folds": 4}, 0, r"protocol.folds is 4, but there are 3 trajectories .* at most 3"),
        ([10] * 3, {"folds": 3}, 3, r"fold 3: protocol.folds is 3, so folds are 0 to 2"),
        ([10] * 3, {"folds": 3}, -1, r"fold -1"),
        ([100], {"folds": 3, "gap_ps": 60}, 0, r"no frames are left for valid .* lower protocol.gap_ps"),
        ([2], {"folds": 3, "split": "published"}, 0, r"there are 2 frames; lower protocol.folds"),
    ],
)
def test_impossible_splits_are_refused(lengths, protocol, fold, message):
    with pytest.raises(InputError, match=message):
        make_split(toy_frames(lengths), Protocol(**protocol), fold, 0)


@pytest.mark.parametrize(("gap", "warned"), [(2.0, True), (200.0, False)])
def test_a_gap_shorter_than_the_correlation_time_gives_a_warning(rng, gap, warned):
    """Two atoms whose distance is an AR(1) process with a correlation time of 1/2 + 0.95 / 0.05 = 19.5 ps."""
    n = 20000
    distance = lfilter([1.0], [1.0, -0.95], rng.normal(size=n)) * 0.1 + 10
    positions = np.zeros((n, 2, 3), dtype=np.float32)
    positions[:, 1, 0] = distance
    pair = Molecule(
        ("C", "C"), ("A", "B"), ("AB", "AB"), np.zeros(2, int), np.full(2, 12.0), np.array([[0, 1]])
    )
    frames = Frames(positions, np.zeros(n, dtype=np.int64), np.arange(n, dtype=float), pair)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        split = make_split(frames, Protocol(gap_ps=gap), 0, 0)
    assert split.correlation_time_ps == pytest.approx(19.5, rel=0.2)
    messages = [str(warning.message) for warning in caught]
    assert len(messages) == warned
    if warned:
        assert "protocol.gap_ps is 2, but the correlation time of the frames is" in messages[0]
        needed = int(messages[0].split("set protocol.gap_ps to ")[1].split()[0])
        assert needed == pytest.approx(20, rel=0.2)
