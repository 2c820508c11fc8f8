"""Frames: all-atom geometries of one molecule from one or several trajectories."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgbench.errors import InputError
from cgbench.files import atomic_output
from cgbench.molecule import IntArray, Molecule

FloatArray = NDArray[np.floating]


@dataclass(frozen=True)
class Frames:
    """Geometries with what tells independent ones from correlated ones.

    Attributes
    ----------
    positions : float32 [n_frames, n_atoms, 3]
        Å.
    trajectory : int [n_frames]
        Which independent trajectory a frame comes from, counted from 0.
    time : float [n_frames]
        Time within its trajectory, ps.
    molecule
        Shared by all frames.
    """

    positions: NDArray[np.float32]
    trajectory: IntArray
    time: NDArray[np.float64]
    molecule: Molecule

    def __len__(self) -> int:
        return len(self.positions)

    def save(self, path: Path | str) -> None:
        """Write everything to one ``.npz`` file, atomically."""
        arrays: dict[str, Any] = {
            "positions": self.positions,
            "trajectory": self.trajectory,
            "time": self.time,
            **self.molecule.to_arrays(),
        }
        with atomic_output(path) as temporary:
            np.savez(temporary, **arrays)

    @classmethod
    def load(cls, path: Path | str) -> "Frames":
        """Read what :meth:`save` wrote.

        Raises
        ------
        InputError
            If the file is missing or damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(
                    positions=arrays["positions"],
                    trajectory=arrays["trajectory"],
                    time=arrays["time"],
                    molecule=Molecule.from_arrays(arrays),
                )
        except FileNotFoundError:
            raise InputError(f"{path}: no such file; run `cgbench prepare` first") from None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(f"{path}: not a frames file ({error}); delete it and run again") from None
