import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from cgbench.chem.frames import Frames
from cgbench.core.errors import InputError


@pytest.fixture
def few(alanine_frames):
    return alanine_frames.take(np.arange(40))


@pytest.fixture
def stored(few, tmp_path):
    few.save(tmp_path / "frames.npz")
    return tmp_path / "frames.npz"


def rewritten(path, save=np.savez, without=(), **changed):
    """Write the arrays of a file again, with some changed or left out."""
    with np.load(path) as arrays:
        kept = {name: array for name, array in arrays.items() if name not in without}
    save(path, **kept | changed)
    return path


def test_save_and_load_give_back_everything(alanine_frames, tmp_path):
    path = tmp_path / "frames.npz"
    alanine_frames.save(path)
    loaded = Frames.load(path)
    assert loaded.positions.dtype == np.float32
    np.testing.assert_array_equal(loaded.positions, alanine_frames.positions)
    np.testing.assert_array_equal(loaded.trajectory, alanine_frames.trajectory)
    np.testing.assert_array_equal(loaded.time, alanine_frames.time)
    for field, value in alanine_frames.molecule.to_arrays().items():
        np.testing.assert_array_equal(loaded.molecule.to_arrays()[field], value)


def test_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(InputError, match=r"frames\.npz: no such file; run `cgbench prepare`"):
        Frames.load(tmp_path / "frames.npz")


@pytest.mark.parametrize("keep", [0, 10, 5000])
def test_damaged_file_is_refused(alanine_frames, tmp_path, keep):
    path = tmp_path / "frames.npz"
    alanine_frames.save(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"frames\.npz: not a frames file"):
        Frames.load(path)


def test_failed_save_leaves_the_older_file(alanine_frames, tmp_path, monkeypatch):
    path = tmp_path / "frames.npz"
    path.write_text("older")

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        alanine_frames.save(path)
    assert [file.name for file in tmp_path.iterdir()] == ["frames.npz"]
    assert path.read_text() == "older"


def test_only_the_frames_that_are_used_are_read(few, tmp_path):
    path, repeated = tmp_path / "frames.npz", few.take(np.arange(40).repeat(500))
    repeated.save(path)
    tracemalloc.start()
    try:
        loaded = Frames.load(path)
        positions, checksum = loaded.positions[[3, 19_000]], loaded.checksum
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(positions, few.positions[[0, 38]])
    assert checksum == repeated.checksum
    assert peak < path.stat().st_size / 4


def test_stored_frames_cannot_be_changed(stored):
    with pytest.raises(ValueError, match="read-only"):
        Frames.load(stored).positions[0] = 0


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("order", ["C", "F"])
def test_archives_of_other_programs_are_read(few, stored, save, order):
    rewritten(stored, save, positions=np.asarray(few.positions, order=order))
    np.testing.assert_array_equal(Frames.load(stored).positions, few.positions)


@pytest.mark.parametrize("dtype", [">f4", "<f8", "<i4"])
def test_other_types_of_positions_are_refused(few, stored, dtype):
    rewritten(stored, positions=few.positions.astype(dtype))
    with pytest.raises(InputError, match=r"frames\.npz: not a frames file \(expected float32 positions"):
        Frames.load(stored)


def test_a_changed_position_is_found_where_the_file_is_verified(few, stored):
    content = bytearray(stored.read_bytes())
    content[content.index(few.positions[30].tobytes())] ^= 1
    stored.write_bytes(content)
    with pytest.raises(InputError, match=r"frames\.npz: not a frames file .*positions.*; delete it and run"):
        Frames.load(stored, verify=True)


@pytest.mark.slow
def test_a_changed_header_is_refused_or_without_effect(few, stored):
    content = stored.read_bytes()
    n_refused = 0
    for place in range(content.index(few.positions.tobytes())):
        for bit in range(8):
            damaged = bytearray(content)
            damaged[place] ^= 1 << bit
            stored.write_bytes(damaged)
            try:
                positions = Frames.load(stored).positions
            except InputError as error:
                assert "frames.npz" in str(error)
                n_refused += 1
            else:
                np.testing.assert_array_equal(positions, few.positions)
    assert n_refused > 500


def test_the_checksum_is_stored(few, stored):
    earlier = rewritten(stored, without=["checksum"])
    assert Frames.load(earlier).checksum == few.checksum
    other = rewritten(stored, checksum="other")
    assert Frames.load(other).checksum == "other"
    with pytest.raises(InputError, match="frames with the checksum other"):
        Frames.load(other, verify=True)


def test_the_checksum_is_that_of_the_frames(few, stored):
    loaded = Frames.load(stored)
    moved = replace(loaded, positions=few.positions + np.float32(0.1))
    assert len({few.checksum, moved.checksum, few.take(np.arange(39)).checksum}) == 3
    assert loaded.take(np.arange(39)).checksum == few.take(np.arange(39)).checksum
