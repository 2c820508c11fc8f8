"""Frames that several trajectories share are found, as they are or superposed; independent ones pass."""

from dataclasses import replace

import mdtraj
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cgbench.chem.frames import Frames
from cgbench.chem.topology_io import read_topology
from cgbench.core.errors import InputError
from cgbench.data.consecutive_parts import consecutive_parts
from cgbench.data.repeated_frames import drop_repeated

FILES = ["a.xtc", "b.xtc", "c.xtc", "d.xtc"]
N_FRAMES = 120


@pytest.fixture(scope="module")
def walkers(alanine_directory):
    """The first frames of four walkers [n_frames, n_atoms, 3], 1 ps apart, Å."""
    return [first_frames(alanine_directory, number) for number in range(4)]


def first_frames(directory, number):
    with mdtraj.formats.XTCTrajectoryFile(str(directory / f"walker-{number}.xtc")) as handle:
        return 10 * handle.read(n_frames=N_FRAMES)[0]


@pytest.fixture
def joined(alanine):
    """Function that makes frames of trajectories [n_frames, n_atoms, 3] with their first times, ps."""

    def make(*trajectories, starts=None):
        lengths = [len(positions) for positions in trajectories]
        times = [
            start + np.arange(n) for start, n in zip(starts or [1.0] * len(lengths), lengths, strict=True)
        ]
        return Frames(
            np.concatenate(trajectories).astype(np.float32),
            np.repeat(np.arange(len(lengths)), lengths),
            np.concatenate(times).astype(np.float64),
            alanine,
        )

    return make


def superposed(positions):
    """Superposed on one geometry, and rounded as in an XTC file."""
    trajectory = mdtraj.Trajectory(positions / 10, None)
    return np.round(10 * trajectory.superpose(trajectory, frame=7).xyz, 2)


def test_independent_walkers_share_nothing(walkers, joined):
    frames = joined(*walkers)
    kept, notes = drop_repeated(frames, FILES)
    assert kept is frames and notes == []
    assert consecutive_parts(frames, FILES) == []


def test_parts_that_overlap_are_refused_with_the_cure(walkers, joined):
    one, other, _, _ = walkers
    with pytest.raises(InputError) as error:
        drop_repeated(joined(other, one[:80], one[60:]), FILES)
    assert (
        "20 of 60 frames of c.xtc occur in b.xtc too (frame 0 equals frame 60): give parts of one run as "
        "one trajectory, a list in the list: trajectories: [[b.xtc, c.xtc]]"
    ) in str(error.value)
    assert "a.xtc" not in str(error.value)


@pytest.mark.parametrize("copy", ["equal", "superposed", "every fifth", "superposed part"])
def test_copies_are_refused(walkers, joined, copy):
    one, other, _, _ = walkers
    made = {
        "equal": one,
        "superposed": superposed(one),
        "every fifth": one[::5],
        "superposed part": superposed(one[30:60]),
    }[copy]
    with pytest.raises(InputError) as error:
        drop_repeated(joined(one, other, made), FILES)
    assert f"{len(made)} of {len(made)} frames of c.xtc occur in a.xtc too (frame 0 equals frame " in str(
        error.value
    )
    assert "leave out copies" in str(error.value)
    assert "a list in the list" not in str(error.value)
    assert ("but for rotation, translation and rounding" in str(error.value)) == ("superposed" in copy)


def test_superposed_parts_that_overlap_are_refused(walkers, joined):
    with pytest.raises(InputError, match=r"25 of 65 frames of b\.xtc .* \[\[a\.xtc, b\.xtc\]\]"):
        drop_repeated(joined(walkers[0][:80], superposed(walkers[0][55:])), FILES)


def test_a_common_start_is_dropped_and_said(walkers, joined):
    first = walkers[0][:1]
    frames = joined(*(np.concatenate([first, walker[1:]]) for walker in walkers))
    kept, notes = drop_repeated(frames, FILES)
    assert notes == [f"{name}: dropped frames that a.xtc has already (1 ps)" for name in FILES[1:]]
    assert np.bincount(kept.trajectory).tolist() == [N_FRAMES] + 3 * [N_FRAMES - 1]
    assert len(np.unique(kept.positions, axis=0)) == len(kept)
    assert kept.time[kept.trajectory == 2].tolist() == list(range(2, N_FRAMES + 1))


def test_one_file_joined_from_parts_that_overlap_is_refused(walkers, joined):
    """Its times may have been replaced by frame_interval_ps."""
    one = walkers[0]
    with pytest.raises(
        InputError,
        match=r"20 of 140 frames of a\.xtc occur in it twice \(frame 80 equals frame 60\): .*trjcat",
    ):
        drop_repeated(joined(np.concatenate([one[:80], one[60:]])), FILES)


def test_molecules_of_one_shape_are_told_apart_by_positions_only(walkers, joined):
    """A rigid molecule has one shape in all frames, of copies and of independent trajectories."""
    rigid = walkers[0][0]
    turns = [
        np.round(np.stack([rigid @ turn for turn in Rotation.random(50, random_state=seed).as_matrix()]), 2)
        for seed in (1, 2)
    ]
    frames = joined(*turns)
    assert drop_repeated(frames, FILES)[0] is frames
    with pytest.raises(InputError, match=r"50 of 50 frames of c\.xtc"):
        drop_repeated(joined(*turns, turns[0]), FILES)


def test_atoms_alone_have_no_shape(walkers, joined, alanine):
    one = alanine.subset(np.array([8]))
    frames = joined(walkers[0], walkers[1])
    frames = replace(frames, positions=frames.positions[:, 8:9], molecule=one)
    assert drop_repeated(frames, FILES)[0] is frames
    assert consecutive_parts(frames, FILES) == []


def test_parts_that_continue_one_another_are_said(walkers, joined):
    one, other, _, _ = walkers
    frames = joined(one[:60], one[60:], other[:30], other[30:], starts=[1.0, 61.0, 1.0, 31.0])
    assert drop_repeated(frames, FILES)[0] is frames
    (warned,) = consecutive_parts(frames, FILES)
    assert "continued by others: a.xtc by b.xtc, c.xtc by d.xtc. " in warned
    assert warned.endswith("trajectories: [[a.xtc, b.xtc], [c.xtc, d.xtc]]")


def test_parts_without_times_are_recognised_by_their_geometry(alanine_directory):
    directory = alanine_directory.parent / "chignolin"
    one, other = (first_frames(directory, number) for number in (10, 17))
    parts = one[:40], other[:40], one[40:], other[40:]
    lengths = list(map(len, parts))
    frames = Frames(
        np.concatenate(parts),
        np.repeat(np.arange(4), lengths),
        np.concatenate([np.arange(length, dtype=float) for length in lengths]),
        read_topology(directory / "topology.pdb"),
    )
    assert drop_repeated(frames, FILES)[0] is frames
    assert "others: a.xtc by c.xtc, b.xtc by d.xtc. " in consecutive_parts(frames, FILES)[0]
    # A part that was run again from a checkpoint begins within the time of the one before.
    time = frames.time + np.repeat([0.0, 0.0, 25.0, 1.0], lengths)
    again = replace(frames, time=time, positions=frames.positions.copy())
    again.positions[80] = one[25] + np.float32(0.1)
    assert "others: a.xtc by c.xtc. " in consecutive_parts(again, FILES)[0]


def test_all_parts_of_a_run_are_named_in_their_order(walkers, joined):
    one = walkers[0]
    frames = joined(one[80:], one[:40], one[40:80], starts=[81.0, 1.0, 41.0])
    (warned,) = consecutive_parts(frames, FILES)
    assert warned.endswith("trajectories: [[b.xtc, c.xtc, a.xtc]]")


def test_other_times_alone_make_no_parts(walkers, joined):
    """Runs that begin later, but not where the other one is then."""
    assert consecutive_parts(joined(*walkers[:2], starts=[1.0, 50.0]), FILES) == []


def test_walkers_that_start_folded_do_not_continue_one_another(alanine_directory):
    """Walker 90 ends near the start of walker 50, as near as neighbouring frames are."""
    directory = alanine_directory.parent / "chignolin"
    numbers = (50, 90, 54, 60, 10, 17)
    walkers = [first_frames(directory, number) for number in numbers]
    frames = Frames(
        np.concatenate(walkers),
        np.repeat(np.arange(len(walkers)), list(map(len, walkers))),
        np.concatenate([2.5 * np.arange(1, len(walker) + 1) for walker in walkers]),
        read_topology(directory / "topology.pdb"),
    )
    assert consecutive_parts(frames, list(map(str, numbers))) == []
