"""File of samples: reconstructions and samples of the test frames of one run."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import IntArray
from cgbench.core.atomic_io import atomic_output
from cgbench.core.safe_io import opened_arrays, require

_open = partial(
    opened_arrays,
    what="a file of samples",
    missing="run `cgbench sample` first",
    cure="delete it and sample again",
)


@dataclass(frozen=True)
class Samples:
    """Reconstructions of test frames, and samples generated from their beads.

    Attributes
    ----------
    frame_index : int [n_frames]
        Indices of the frames in the dataset.
    reconstruction : float32 [n_frames, n_atoms, 3]
        Frames encoded and decoded without noise, Å.
    reconstruction_draw : float32 [n_frames, n_atoms, 3]
        Frames decoded from one draw from their posterior, Å.
    samples : float32 [n_frames, n_samples, n_atoms, 3]
        Geometries generated from the beads alone, Å.
    seconds
        Wall time of generating the samples; NaN if unknown.
    absent : int [n_absent]
        Atoms that the geometries lack, sorted; their coordinates are NaN.
    """

    frame_index: IntArray
    reconstruction: NDArray[np.float32]
    reconstruction_draw: NDArray[np.float32]
    samples: NDArray[np.float32]
    seconds: float
    absent: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def save(self, path: Path | str) -> None:
        """Write all arrays to one ``.npz`` file, atomically."""
        arrays: dict[str, Any] = vars(self)
        with atomic_output(path) as temporary:
            np.savez(temporary, **arrays)

    @classmethod
    def load(cls, path: Path | str) -> "Samples":
        """Read a file that :meth:`save` wrote.

        Raises
        ------
        InputError
            If the file is missing or damaged.
        """
        with _open(path) as arrays:
            index, frames = arrays["frame_index"], arrays["reconstruction"]
            drawn, samples = arrays["reconstruction_draw"], arrays["samples"]
            require(index.dtype.kind == "i" and index.ndim == 1, "indices of frames")
            require(frames.shape == (len(index), *frames.shape[1:2], 3), f"positions of {len(index)} frames")
            require(drawn.shape == frames.shape, "drawn reconstructions of the same frames")
            expected = (len(index), *samples.shape[1:2], *frames.shape[1:])
            require(samples.shape == expected, "samples of the same frames and atoms")
            floating = all(array.dtype.kind == "f" for array in (frames, drawn, samples))
            require(floating, "positions that are floating-point numbers")
            # Files of version 0.1 have no such array.
            absent = arrays["absent"] if "absent" in arrays else np.empty(0, dtype=np.int64)
            require(absent.dtype.kind == "i" and absent.ndim == 1, "indices of absent atoms")
            require(((absent >= 0) & (absent < frames.shape[1])).all(), f"atoms below {frames.shape[1]}")
            return cls(index, frames, drawn, samples, float(arrays["seconds"]), absent)


def sampling_cost(path: Path | str) -> tuple[float, int]:
    """Wall time of sampling in seconds, and the number of frames, without reading the samples.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    with _open(path) as arrays:
        return float(arrays["seconds"]), len(arrays["frame_index"])
