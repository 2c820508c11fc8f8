"""The best fixed combination of the beads for every atom: least squares in closed form."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def best_combination(beads: Floats, positions: Floats) -> Floats:
    """Find the matrix D that minimises the sum over frames of ‖D (X − c) − (x − c)‖², c the beads' mean.

    Parameters
    ----------
    beads : [n_frames, n_beads, 3]
        X, Å.
    positions : [n_frames, n_atoms, 3]
        x, Å.

    Returns
    -------
    float64 [n_atoms, n_beads]
        Of minimum norm: centred beads are linearly dependent.
    """
    centre = beads.mean(1, keepdims=True, dtype=np.float64)
    solution = np.linalg.lstsq(_rows(beads - centre), _rows(positions - centre), rcond=1e-10)[0]
    return np.asarray(solution.T)


def _rows(points: Floats) -> Floats:
    """Stack x, y and z of all frames: [n_frames, n, 3] to [3 n_frames, n]."""
    return points.transpose(0, 2, 1).reshape(-1, points.shape[1])
