"""Energies of the test frames of a fold, which samples of every method are compared with."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cgbench.chem.molecule import IntArray
from cgbench.core.atomic_io import write_csv
from cgbench.core.errors import InputError
from cgbench.core.safe_io import explained, require

COLUMNS = {"frame": "int64", "raw": "float64", "minimised": "float64"}


def write_energies(path: Path | str, frame_index: IntArray, energies: NDArray[np.float64]) -> None:
    """Write the frames that have an energy as CSV, in full precision, atomically.

    Parameters
    ----------
    frame_index : int [n_frames]
        Test frames.
    energies : float [2, n_frames]
        Raw and minimised, kJ/mol per atom; NaN where there is none.
    """
    table = pd.DataFrame(dict(zip(COLUMNS, (frame_index, *energies), strict=True)))
    table = table.dropna(subset=["raw", "minimised"], how="all")
    write_csv(path, table)


def read_energies(path: Path | str, frame_index: IntArray) -> NDArray[np.float64] | None:
    """Read energies [2, n_frames] of the test frames, NaN where there is none; None if no frame has one.

    Raises
    ------
    InputError
        If the file is missing, damaged or of other frames.
    """
    first = "run `cgbench noise-floor` with --energies first"
    with explained(path, "a table of energies", first, "delete it and run again"):
        table = pd.read_csv(path, float_precision="round_trip", dtype=COLUMNS)[list(COLUMNS)]
        require(table["frame"].is_unique, "every frame once")
    if not np.isin(table["frame"], frame_index).all():
        raise InputError(f"{path}: energies of other frames than those of the split; delete it and run again")
    if table.empty:
        return None
    aligned = table.set_index("frame").reindex(frame_index)
    return np.asarray(aligned[["raw", "minimised"]], dtype=np.float64).T
