"""All-atom geometries of one molecule from one or several trajectories."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import IntArray, Molecule
from cgbench.core.atomic_io import atomic_output
from cgbench.core.mapped_array import map_array, require_undamaged
from cgbench.core.safe_io import opened_arrays, require

CHUNK = 1 << 20  # numbers that are rounded and hashed at once


@dataclass(frozen=True)
class Frames:
    """Geometries with their trajectories and times.

    Attributes
    ----------
    positions : float32 [n_frames, n_atoms, 3]
        Å.
    trajectory : int [n_frames]
        Number of the independent trajectory that a frame comes from, counted from 0.
    time : float [n_frames]
        Time within its trajectory, ps.
    """

    positions: NDArray[np.float32]
    trajectory: IntArray
    time: NDArray[np.float64]
    molecule: Molecule

    def __len__(self) -> int:
        return len(self.positions)

    def take(self, chosen: IntArray | NDArray[np.bool_]) -> "Frames":
        """Return the frames with these indices [n], or those of a mask [n_frames]."""
        return replace(
            self,
            positions=self.positions[chosen],
            trajectory=self.trajectory[chosen],
            time=self.time[chosen],
        )

    @cached_property
    def checksum(self) -> str:
        """Hexadecimal SHA-256 of positions, trajectories and times.

        Positions are rounded to 0.01 Å and times to 1 fs, so that the last digit of a conversion of units
        does not count.
        """
        digest = hashlib.sha256()
        for values, scale in ((self.positions, 100), (self.trajectory, 1), (self.time, 1000)):
            flat = values.reshape(-1)
            for start in range(0, len(flat), CHUNK):
                digest.update(np.rint(flat[start : start + CHUNK] * scale).astype("<i8").tobytes())
        return digest.hexdigest()

    def save(self, path: Path | str) -> None:
        """Write frames and molecule to one ``.npz`` file, atomically."""
        arrays: dict[str, Any] = {
            "positions": self.positions,
            "trajectory": self.trajectory,
            "time": self.time,
            "checksum": self.checksum,
            **self.molecule.to_arrays(),
        }
        with atomic_output(path) as temporary:
            np.savez(temporary, **arrays)

    @classmethod
    def load(cls, path: Path | str, *, verify: bool = False) -> "Frames":
        """Map a file written by :meth:`save`: only the frames that are used are read.

        Parameters
        ----------
        verify
            Whether to read all of the file and compare it with its checksums. Without it, damage to positions
            goes unnoticed; damage to everything else is still found.

        Raises
        ------
        InputError
            If the file is missing or damaged.
        """
        with opened_arrays(
            path, "a frames file", "run `cgbench prepare` first", "delete it and run again"
        ) as arrays:
            if verify:
                require_undamaged(path)
            molecule = Molecule.from_arrays(arrays)
            positions = map_array(path, "positions", np.float32)
            if positions is None:
                positions = arrays["positions"]
            trajectory, time = arrays["trajectory"], arrays["time"]
            require(
                positions.dtype == np.float32 and positions.shape[1:] == (molecule.n_atoms, 3),
                f"float32 positions of {molecule.n_atoms} atoms",
            )
            require(
                trajectory.dtype.kind == "i" and trajectory.shape == positions.shape[:1],
                "a trajectory number for every frame",
            )
            require(time.dtype == np.float64 and time.shape == trajectory.shape, "a time for every frame")
            frames = cls(positions, trajectory, time, molecule)
            if "checksum" in arrays:  # not in files of earlier versions
                stored = str(arrays["checksum"])
                require(not verify or stored == frames.checksum, f"frames with the checksum {stored}")
                vars(frames)["checksum"] = stored  # as if it had been computed
            return frames
