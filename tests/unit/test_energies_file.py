"""The file of energies of the test frames."""

import numpy as np
import pytest

from cgbench.core.errors import InputError
from cgbench.results.energies_file import read_energies, write_energies

FRAMES = np.array([3, 5, 8, 13])


def test_energies_are_read_bit_by_bit(tmp_path, rng):
    energies = rng.normal(size=(2, 4)) / 3
    energies[:, 2] = energies[1, 0] = np.nan
    write_energies(tmp_path / "energies.csv", FRAMES, energies)
    np.testing.assert_array_equal(read_energies(tmp_path / "energies.csv", FRAMES), energies)


def test_no_energies_are_read_as_none(tmp_path):
    write_energies(tmp_path / "energies.csv", FRAMES, np.full((2, 4), np.nan))
    assert (tmp_path / "energies.csv").read_text() == "frame,raw,minimised\n"
    assert read_energies(tmp_path / "energies.csv", FRAMES) is None


def test_energies_of_other_frames_are_refused(tmp_path):
    write_energies(tmp_path / "energies.csv", FRAMES, np.zeros((2, 4)))
    with pytest.raises(InputError, match=r"energies\.csv: energies of other frames.*; delete it"):
        read_energies(tmp_path / "energies.csv", FRAMES + 1)


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(InputError, match=r"energies\.csv: no such file; run `cgbench noise-floor`"):
        read_energies(tmp_path / "energies.csv", FRAMES)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "frame,raw\n3,0.5\n",
        "frame,raw,minimised\n3.5,0.5,0.25\n",
        "frame,raw,minimised\n3,0.5,low\n",
        "frame,raw,minimised\n3,0.5,0.25\n3,0.5,0.25\n",
        "frame,raw,minimised\n3,0.5,0.25,1,2\n5,0.5\n",
        "\x00\x01",
    ],
)
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "energies.csv").write_text(content)
    with pytest.raises(InputError, match=r"energies\.csv: not a table of energies.*; delete it"):
        read_energies(tmp_path / "energies.csv", FRAMES)
