"""Basins of the backbone torsions: their populations with errors, and the divergence of two densities.

Between the basins left of φ = 0 a walker moves hundreds of times; the left-handed basin is entered
less than once in ten nanoseconds, so that its share follows from where walkers start. Populations
are therefore those among the frames outside it, and its share is stated apart.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import jensenshannon

# Consecutive stretches of a walker from which the error of its populations is estimated.
BLOCKS = 10
BINS = 36  # 10 degrees wide
EDGES = np.linspace(-180.0, 180.0, BINS + 1)
SLOW = "alphaL"
BASINS = {
    "beta": "phi outside [-110, 120), psi outside [-120, 50): C5",
    "PPII": "phi in [-110, 0), psi outside [-120, 50): polyproline II and C7eq",
    "alphaR": "phi outside [0, 120), psi in [-120, 50)",
    SLOW: "phi in [0, 120): left-handed helix and C7ax",
}

Angles = NDArray[np.float64]  # [n_frames, ..., 2], φ and ψ in degrees, of one residue or several


def basin_of(angles: Angles) -> NDArray[np.str_]:
    """Name the basin of every φ/ψ: [..., 2] to [...]."""
    phi, psi = angles[..., 0], angles[..., 1]
    left_handed = (phi >= 0) & (phi < 120)
    helical = (psi >= -120) & (psi < 50)
    near = (phi >= -110) & (phi < 0)
    return np.select([left_handed, helical, near], [SLOW, "alphaR", "PPII"], default="beta")


def populations(walkers: Mapping[str, Angles]) -> pd.DataFrame:
    """Tabulate the basins of every walker and of all of them, residues pooled.

    Returns
    -------
    DataFrame
        Columns walker, basin, share (of all frames), entries (into the basin), population (among the
        frames outside the left-handed basin) and standard_error of the population. A walker's error
        comes from ``BLOCKS`` consecutive blocks, the error over all (``"all"``) from the spread of
        the walkers. The left-handed basin has a share only.
    """
    rows = []
    for basin in BASINS:
        own = []
        for name, angles in walkers.items():
            basins = basin_of(angles)
            inside = basins == basin
            entries = int((inside[1:] & ~inside[:-1]).sum())
            fast = inside[basins != SLOW]  # flat, still in the order of time
            blocks = [_mean(block) for block in np.array_split(fast, BLOCKS)]
            own.append((name, basin, _mean(inside), entries, _mean(fast), _error(blocks)))
        _, _, shares, entered, means, _ = zip(*own, strict=True)
        total = ("all", basin, _mean(shares), sum(entered), _mean(means), _error(means))
        rows += [*own, total]
    columns = ["walker", "basin", "share", "entries", "population", "standard_error"]
    table = pd.DataFrame(rows, columns=columns)
    table.loc[table["basin"] == SLOW, ["population", "standard_error"]] = np.nan
    return table


def _mean(values: ArrayLike) -> float:
    known = _known(values)
    return float(known.mean()) if len(known) else float("nan")


def _error(values: ArrayLike) -> float:
    known = _known(values)
    return float(known.std(ddof=1) / np.sqrt(len(known))) if len(known) > 1 else float("nan")


def _known(values: ArrayLike) -> NDArray[np.float64]:
    """Flat and without NaN: a walker, or a block of one, may never leave the left-handed basin."""
    flat = np.ravel(values).astype(np.float64)
    return flat[~np.isnan(flat)]


def divergence(first: Angles, second: Angles) -> float:
    """Jensen–Shannon divergence of two φ/ψ histograms, in nats.

    It runs from 0 (equal) to ln 2 (disjoint) and is not a number where one of them has no frames.
    """
    if not (len(first) and len(second)):
        return float("nan")
    return float(jensenshannon(_histogram(first), _histogram(second)) ** 2)


def _histogram(angles: Angles) -> NDArray[np.float64]:
    phi, psi = angles.reshape(-1, 2).T
    counts: NDArray[np.float64] = np.histogram2d(phi, psi, bins=[EDGES, EDGES])[0]
    return counts.ravel()
