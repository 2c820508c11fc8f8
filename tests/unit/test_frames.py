import numpy as np
import pytest

from cgbench.chem.frames import Frames
from cgbench.core.errors import InputError


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
