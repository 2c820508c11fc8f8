"""Conversion of lengths: mdtraj and OpenMM have nm, this package has Å."""

import numpy as np
from numpy.typing import NDArray

ANGSTROM_PER_NM = 10.0


def angstrom(nanometres: NDArray[np.floating]) -> NDArray[np.float32]:
    """Convert lengths from nm to Å."""
    return np.asarray(nanometres * ANGSTROM_PER_NM, dtype=np.float32)
