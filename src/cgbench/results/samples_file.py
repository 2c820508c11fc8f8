"""Samples: what a trained model made of the test frames of one run, kept raw for any metric."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import IntArray
from cgbench.core.atomic_io import atomic_output
from cgbench.core.safe_io import opened_arrays, require


@dataclass(frozen=True)
class Samples:
    """Reconstructions of test frames and samples for their beads.

    Attributes
    ----------
    frame_index : int [n_frames]
        Which frames.
    reconstruction : float32 [n_frames, n_atoms, 3]
        Encoded and decoded without noise, Å.
    reconstruction_draw : float32 [n_frames, n_atoms, 3]
        The same from one draw of what the frame was encoded to, Å.
    samples : float32 [n_frames, n_samples, n_atoms, 3]
        Drawn from the beads alone, Å.
    seconds
        Time that drawing the samples took.
    """

    frame_index: IntArray
    reconstruction: NDArray[np.float32]
    reconstruction_draw: NDArray[np.float32]
    samples: NDArray[np.float32]
    seconds: float

    def save(self, path: Path | str) -> None:
        """Write everything to one ``.npz`` file, atomically."""
        arrays: dict[str, Any] = vars(self)
        with atomic_output(path) as temporary:
            np.savez(temporary, **arrays)

    @classmethod
    def load(cls, path: Path | str) -> "Samples":
        """Read what :meth:`save` wrote.

        Raises
        ------
        InputError
            If the file is missing or damaged.
        """
        with _opened(path) as arrays:
            stored = cls(
                frame_index=arrays["frame_index"],
                reconstruction=arrays["reconstruction"],
                reconstruction_draw=arrays["reconstruction_draw"],
                samples=arrays["samples"],
                seconds=float(arrays["seconds"]),
            )
            index, frames = stored.frame_index, stored.reconstruction
            require(index.dtype.kind == "i" and index.ndim == 1, "the numbers of the frames")
            require(
                frames.dtype.kind == "f" and frames.shape == (len(index), *frames.shape[1:2], 3),
                f"positions of {len(index)} frames",
            )
            drawn = stored.reconstruction_draw
            require(
                drawn.dtype.kind == "f" and drawn.shape == frames.shape,
                "drawn reconstructions of the same frames",
            )
            samples = stored.samples
            require(
                samples.dtype.kind == "f"
                and samples.shape == (len(index), *samples.shape[1:2], *frames.shape[1:]),
                "samples of the same frames and atoms",
            )
            return stored


def sampling_cost(path: Path | str) -> tuple[float, int]:
    """Seconds that sampling took and for how many frames, without reading the samples themselves.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    with _opened(path) as arrays:
        return float(arrays["seconds"]), len(arrays["frame_index"])


@contextmanager
def _opened(path: Path | str) -> Iterator[Any]:
    """Open a file of samples; arrays are read, and damage is found, where they are asked for."""
    with opened_arrays(
        path, "a file of samples", "run `cgbench sample` first", "delete it and sample again"
    ) as arrays:
        yield arrays
