"""Consecutive parts of one run become one trajectory without repeated frames."""

import json

import mdtraj
import numpy as np
import pytest

from cgbench.chem.frames import Frames
from cgbench.chem.mdtraj_topology import molecule_to_mdtraj
from cgbench.chem.trajectory_io import RawTrajectory
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.data.joined_parts import join_parts
from cgbench.data.prepare import prepare

RUN = np.random.default_rng(1).normal(size=(40, 5, 3)).astype(np.float32)


def part(first, last, timed=True, run=RUN):
    """Frames ``first`` to ``last`` (excluded) of a run, 2 ps apart, in a cell that tells the frames apart."""
    rows = np.arange(first, last)
    cell = np.eye(3, dtype=np.float32) * (100 + rows[:, None, None])
    time = 2.0 * rows if timed else np.arange(len(rows), dtype=float)
    return RawTrajectory(run[rows], time, "" if timed else "no time", cell, ())


def join(*parts, use_times=True):
    return join_parts(parts, ["a", "b", "c", "d"][: len(parts)], use_times)


def is_the_run(joined):
    np.testing.assert_array_equal(joined.positions, RUN)
    np.testing.assert_array_equal(joined.cell[:, 0, 0], 100 + np.arange(len(RUN)))


@pytest.mark.parametrize(
    ("parts", "order", "dropped"),
    [
        ([(0, 20), (20, 40)], "this order", 0),
        ([(0, 20), (15, 30), (29, 40)], "this order", 6),
        ([(29, 40), (0, 20), (15, 30)], "the order b, c, a", 6),
        ([(0, 40), (10, 20)], "this order", 10),
        ([(0, 20), (15, 30), (29, 40), (5, 12)], "the order a, d, b, c", 13),
    ],
)
def test_times_decide_order_and_repetition(parts, order, dropped):
    joined = join(*(part(*ends) for ends in parts))
    is_the_run(joined)
    np.testing.assert_array_equal(joined.time, 2.0 * np.arange(40))
    assert joined.notes == (f"joined in {order} to one trajectory, without {dropped} repeated frames",)


def test_a_part_replaces_what_an_earlier_one_has_from_its_start_on():
    """The run was continued from a checkpoint before the end of the first part."""
    joined = join(part(0, 20, run=RUN + 1), part(15, 40))
    np.testing.assert_array_equal(joined.positions, np.concatenate([RUN[:15] + 1, RUN[15:]]))


def test_parts_that_begin_together_are_refused():
    with pytest.raises(InputError, match=r"b: begins at 10 ps like another part of its list"):
        join(part(5, 20), part(5, 40))


@pytest.mark.parametrize(
    ("parts", "dropped"),
    [([(0, 20), (20, 40)], 0), ([(0, 20), (15, 30), (29, 40)], 6), ([(0, 20), (0, 40)], 20)],
)
def test_without_times_equal_frames_at_the_borders_are_dropped(parts, dropped):
    joined = join(*(part(*ends, timed=False) for ends in parts), use_times=False)
    is_the_run(joined)
    assert joined.no_time == "no time"
    assert f"without {dropped} repeated frames" in joined.notes[0]


def test_a_part_without_cell_leaves_all_without():
    bare = RawTrajectory(RUN[20:], 2.0 * np.arange(20, 40), "", None, ("read twice",))
    joined = join(part(0, 20), bare)
    assert joined.cell is None
    assert joined.notes[1:] == ("b: read twice",)


@pytest.fixture
def folder(alanine_frames, tmp_path):
    """Twelve frames in three parts that overlap, named such that the order of letters is not theirs."""
    xyz = alanine_frames.positions[:12] / 10
    whole = mdtraj.Trajectory(xyz, molecule_to_mdtraj(alanine_frames.molecule), time=5.0 * np.arange(12))
    whole[0].save(str(tmp_path / "t.pdb"))
    whole.save(str(tmp_path / "whole.xtc"))
    for name, rows in (("9", slice(0, 5)), ("10", slice(4, 9)), ("11", slice(7, 12))):
        for suffix in ("xtc", "dcd"):
            whole[rows].save(str(tmp_path / f"part{name}.{suffix}"))
    return tmp_path


@pytest.mark.parametrize(("suffix", "stride"), [("xtc", 1), ("xtc", 3), ("dcd", 1), ("dcd", 3)])
def test_a_list_in_the_list_is_one_trajectory(folder, suffix, stride):
    settings = {"topology": str(folder / "t.pdb"), "stride": stride}
    if suffix == "dcd":
        settings["frame_interval_ps"] = 5
    for name, trajectories in (
        ("whole", [str(folder / "whole.xtc")]),
        ("parts", [[str(folder / f"part*.{suffix}")]]),
    ):
        source = PlugIn.parse("sources", "mine", "files", settings | {"trajectories": trajectories}, "config")
        prepare(source, folder / name)
    whole, parts = (Frames.load(folder / name / "frames.npz") for name in ("whole", "parts"))
    np.testing.assert_allclose(parts.positions, whole.positions, atol=1e-3)
    np.testing.assert_array_equal(parts.time, whole.time)
    assert set(parts.trajectory) == {0}
    card = json.loads((folder / "parts" / "card.json").read_text())
    files = [str(folder / f"part{number}.{suffix}") for number in (9, 10, 11)]
    name = " + ".join(files)
    note = f"{name}: joined in this order to one trajectory, without 3 repeated frames"
    assert card["processing"] == [note]
    assert [row["file"] for row in card["trajectories"]] == [name]
    assert list(card["inputs"]) == [str(folder / "t.pdb"), *files]


def test_a_file_in_two_lists_is_refused(folder):
    settings = {"topology": "t.pdb", "trajectories": [str(folder / "part9.xtc"), [str(folder / "part*.xtc")]]}
    with pytest.raises(InputError, match=r"part9\.xtc listed more than once"):
        PlugIn.parse("sources", "mine", "files", settings, "config").create().input_files()


def test_a_name_with_the_characters_of_patterns_is_a_name(folder):
    (folder / "md[300K]").mkdir()
    (folder / "part9.xtc").rename(folder / "md[300K]" / "a*b.xtc")
    settings = {"topology": "t.pdb", "trajectories": str(folder / "md[300K]" / "a*b.xtc")}
    reader = PlugIn.parse("sources", "mine", "files", settings, "config").create()
    assert reader.input_files() == ["t.pdb", str(folder / "md[300K]" / "a*b.xtc")]
