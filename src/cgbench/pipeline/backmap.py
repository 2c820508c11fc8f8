"""Backmapping of beads from a file with a trained model."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.trajectory_io import load_trajectory, write_pdb
from cgbench.core.atomic_io import atomic_output
from cgbench.core.errors import InputError
from cgbench.core.safe_io import opened_arrays, require
from cgbench.core.wording import counted
from cgbench.methods.base import load_model
from cgbench.pipeline.bead_check import check_beads


def read_beads(path: Path | str) -> NDArray[np.float32]:
    """Read bead positions [n_frames, n_beads, 3], Å.

    Parameters
    ----------
    path
        ``.npy`` in Å, [n_beads, 3] or [n_frames, n_beads, 3], or ``.pdb`` with one atom per bead
        and one model per frame.

    Raises
    ------
    InputError
        If the file is missing, damaged, empty or of another shape, or holds NaN or infinite values.
    """
    path = Path(path)
    if path.suffix not in (".npy", ".pdb"):
        raise InputError(f"{path}: cannot be read as beads; give a .npy file (Å) or a .pdb file")
    if not path.is_file():
        raise InputError(f"{path}: no such file; check the path")
    if path.suffix == ".pdb":
        return load_trajectory(path, path).positions
    with opened_arrays(path, "a numpy array", "check the path", "write it with numpy.save") as beads:
        require(isinstance(beads, np.ndarray), "one array")
    if beads.ndim not in (2, 3) or beads.shape[-1] != 3 or beads.dtype.kind != "f":
        raise InputError(
            f"{path}: shape {beads.shape} of {beads.dtype}; beads are floats [n_frames, n_beads, 3] in Å"
        )
    _check(beads, str(path))
    return np.asarray(beads, dtype=np.float32).reshape(-1, *beads.shape[-2:])


def first_geometry_path(output_path: Path | str) -> Path:
    """Path of the ``.pdb`` file with the first geometry."""
    return Path(output_path).with_suffix(".pdb")


def _check(beads: NDArray[np.floating], where: str) -> None:
    if not beads.size:
        raise InputError(f"{where}: no frames or no beads (shape {beads.shape}); give at least one of each")
    if not np.isfinite(beads).all():
        raise InputError(f"{where}: contains NaN or infinite positions; leave those frames out")


def backmap(
    model_path: Path | str,
    beads: NDArray[np.float32],
    output_path: Path | str,
    *,
    n_samples: int = 1,
    seed: int = 0,
    strict: bool = False,
) -> None:
    """Sample all-atom geometries for bead positions.

    The beads are compared with those of the training frames; a difference is a warning.

    Parameters
    ----------
    beads : float32 [n_frames, n_beads, 3]
        Bead positions, Å.
    output_path
        ``.npz`` for the array ``samples`` [n_frames, n_samples, n_atoms, 3], Å. The first geometry is
        written to a ``.pdb`` file of the same name, which also serves as topology of the samples.
    strict
        Whether beads unlike those of the training frames are an error.

    Raises
    ------
    InputError
        If there are no beads, a position is not finite, the model has another number of beads, or all beads
        of a frame are at one point; with ``strict``, also if the beads are unlike those of the training.
    """
    output_path = Path(output_path)
    if output_path.suffix != ".npz":
        raise InputError(f"{output_path}: samples are written as .npz; give a name that ends in .npz")
    _check(beads, "beads")
    model = load_model(model_path)
    if beads.shape[1] != model.mapping.n_beads:
        raise InputError(
            f"{model_path}: trained on {counted(model.mapping.n_beads, 'bead')}, these frames have "
            f"{beads.shape[1]}; give the beads of the mapping that it was trained with, in the same order"
        )
    check_beads(beads, model.bead_ranges, strict)
    samples = np.asarray(model.sample(beads, n_samples, seed), dtype=np.float32)
    with atomic_output(output_path) as temporary:
        np.savez(temporary, samples=samples)
    write_pdb(first_geometry_path(output_path), samples[0, 0], model.molecule)
