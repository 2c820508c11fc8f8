"""Trajectories and restart files in the NetCDF convention of AMBER.

https://ambermd.org/netcdf/nctraj.xhtml defines it. mdtraj's reader ignores scale factors and units.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import netcdf_file

from cgbench.core.errors import InputError
from cgbench.formats.stored_frames import AtomCountError, StoredFrames
from cgbench.formats.unit_cell import cell_vectors

# Factors to Å, degrees and ps. The convention prescribes the first of each.
UNITS = {
    "coordinates": {"angstrom": 1.0, "nanometer": 10.0},
    "cell_lengths": {"angstrom": 1.0, "nanometer": 10.0},
    "cell_angles": {"degree": 1.0},
    "time": {"picosecond": 1.0, "femtosecond": 1e-3, "nanosecond": 1e3},
}


def read_amber_netcdf(
    path: Path, n_atoms: int, atoms: NDArray[np.int64] | None = None, stride: int = 1
) -> StoredFrames:
    """Read a trajectory, or the one frame of a restart file.

    Parameters
    ----------
    n_atoms
        Number of atoms that the file must have.
    atoms : int [n_selected], optional
        Atoms to keep; all by default.
    stride
        Keep every ``stride``-th frame, and the times of all.

    Raises
    ------
    AtomCountError
        If the file has another number of atoms.
    InputError
        If the file holds no coordinates, or has units of another kind.
    """
    notes: list[str] = []
    with netcdf_file(path) as handle:
        if "coordinates" not in handle.variables:
            raise InputError(
                f"no coordinates, only {', '.join(handle.variables)}; give the trajectory's file"
            )
        if handle.dimensions["atom"] != n_atoms:
            raise AtomCountError(handle.dimensions["atom"])
        positions = _values(handle, "coordinates", notes, atoms, stride)
        lengths, angles, time = (
            _values(handle, name, notes) for name in ("cell_lengths", "cell_angles", "time")
        )
    cell = (
        None
        if lengths is None or angles is None
        else cell_vectors(lengths.reshape(-1, 3)[::stride], angles.reshape(-1, 3)[::stride])
    )
    return StoredFrames(
        positions.reshape(-1, *positions.shape[-2:]).astype(np.float32, copy=False),
        None if time is None else time.reshape(-1),
        cell,
        tuple(notes),
    )


def _values(
    handle: netcdf_file, name: str, notes: list[str], atoms: NDArray[np.int64] | None = None, stride: int = 1
) -> Any:
    """Values of a variable in Å, degrees or ps, or None if the file does not have it."""
    variable = handle.variables.get(name)
    if variable is None:
        return None
    units = getattr(variable, "units", b"").decode("latin1").strip().lower().removesuffix("s")
    standard = next(iter(UNITS[name]))
    if units and units not in UNITS[name]:
        raise InputError(f"{name} are in {units!r}; convert the file to {standard} (cpptraj)")
    scale = float(getattr(variable, "scale_factor", 1.0))
    if scale != 1.0:
        notes.append(f"{name} were multiplied by their scale_factor {scale:g}")
    # The coordinates of a restart file have no axis of frames.
    stored = variable[::stride] if len(variable.shape) > 2 else variable[...]
    if atoms is not None:
        stored = stored[..., atoms, :]
    factor = UNITS[name][units or standard] * scale
    # A copy, because the file is mapped into memory while it is open.
    return stored.astype(stored.dtype.newbyteorder("=")) if factor == 1.0 else stored * np.float64(factor)
