"""The file of samples: round trip, and errors that name damaged files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cgbench.core.errors import InputError
from cgbench.results.samples_file import Samples, sampling_cost


@pytest.fixture
def samples(rng: np.random.Generator) -> Samples:
    geometries = rng.normal(size=(4, 3, 5, 3)).astype(np.float32)
    return Samples(np.array([2, 3, 5, 7]), geometries[:, 0], geometries[:, 1], geometries, 1.5)


def test_written_samples_are_read(samples: Samples, tmp_path: Path) -> None:
    samples.save(tmp_path / "samples.npz")
    again = Samples.load(tmp_path / "samples.npz")
    for name, value in vars(samples).items():
        np.testing.assert_array_equal(getattr(again, name), value)
    assert sampling_cost(tmp_path / "samples.npz") == (1.5, 4)


@pytest.mark.parametrize("read", [Samples.load, sampling_cost])
def test_a_missing_or_damaged_file_is_named(
    samples: Samples, tmp_path: Path, read: Callable[[Path], object]
) -> None:
    path = tmp_path / "samples.npz"
    with pytest.raises(InputError, match=r"samples\.npz: no such file; run `cgbench sample` first"):
        read(path)
    samples.save(path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match=r"samples\.npz: not a file of samples"):
        read(path)
