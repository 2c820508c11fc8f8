"""Torsions and errors of the atoms in the stored samples of a run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.dihedrals import phi_psi
from cgbench.chem.frames import Frames
from cgbench.core.errors import InputError
from cgbench.figures.torsions import Angles
from cgbench.results.samples_file import Samples
from cgbench.results.tables import read_metrics, read_run

DISTANCE = "phi_psi_energy_distance"


@dataclass(frozen=True)
class StoredSamples:
    """Measures of the samples of one run.

    Attributes
    ----------
    bound
        ``ceiling`` or ``floor`` for the upper and the lower control, else empty.
    torsions : float [n_test × n_samples, n_residues, 2]
        φ and ψ, degrees.
    distance
        ``phi_psi_energy_distance`` of the run; NaN if the run was not scored by it.
    errors : dict of float [n_atoms]
        RMS distance of every atom from its position in MD over the test frames, without superposition,
        Å: of ``reconstruction`` and ``samples``, or of ``backmapping`` where a method is deterministic
        and both are the same. NaN for atoms that the samples lack.
    """

    method: str
    n_beads: int
    bound: str
    torsions: Angles
    distance: float
    errors: dict[str, NDArray[np.float64]]

    @classmethod
    def read(cls, run_dir: Path, frames: Frames) -> "StoredSamples":
        """Read ``run.json``, ``samples.npz`` and ``metrics.csv`` of one run.

        Raises
        ------
        InputError
            If a file is missing or damaged, or belongs to other frames.
        """
        run, path = read_run(run_dir / "run.json"), run_dir / "samples.npz"
        stored = Samples.load(path)
        shape, n_atoms = stored.samples.shape, frames.molecule.n_atoms
        last = stored.frame_index.max(initial=0)
        if len(shape) != 4 or shape[2:] != (n_atoms, 3) or last >= len(frames):
            raise InputError(
                f"{path}: samples of shape {shape} do not fit {len(frames)} frames of {n_atoms} atoms; "
                "sample again"
            )
        table = read_metrics(run_dir / "metrics.csv")
        values = table.loc[(table["metric"] == DISTANCE) & (table["atoms"] == "all"), "value"]
        return cls.measure(run, stored, float(values.mean()), frames)

    @classmethod
    def measure(
        cls, run: dict[str, Any], stored: Samples, distance: float, frames: Frames
    ) -> "StoredSamples":
        """Measure the samples of the run that ``run.json`` describes."""
        reference = frames.positions[stored.frame_index]
        errors = {"backmapping": _rms(stored.samples - reference[:, None])}
        if run["stochastic"]:
            errors = {
                "reconstruction": _rms(stored.reconstruction - reference),
                "samples": errors["backmapping"],
            }
        torsions = phi_psi(stored.samples.reshape(-1, *reference.shape[1:]), frames.molecule)
        bound = run.get("bound") or ""
        return cls(run["method"], run["n_beads"], bound, torsions, distance, errors)


def _rms(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    squares = np.square(vectors).sum(axis=-1, dtype=np.float64)
    return np.asarray(np.sqrt(squares.mean(axis=tuple(range(squares.ndim - 1)))))
