"""Basins of the Ramachandran plot: populations with standard errors, and divergence of densities.

A walker moves between the basins at φ < 0 hundreds of times, but enters the left-handed basin less than
once in ten nanoseconds. The share of that basin therefore depends on the starts, and populations of the
other basins are computed from the frames outside it.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cgbench.chem.histograms import jensen_shannon

BLOCKS = 10  # consecutive blocks of a walker, from which standard errors of its populations are estimated
BINS = 36  # of 10 degrees
EDGES = np.linspace(-180.0, 180.0, BINS + 1)
LEFT_HANDED = "alphaL"
BASINS = {
    "beta": "phi outside [-110, 120), psi outside [-120, 50): C5",
    "PPII": "phi in [-110, 0), psi outside [-120, 50): polyproline II and C7eq",
    "alphaR": "phi outside [0, 120), psi in [-120, 50)",
    LEFT_HANDED: "phi in [0, 120): left-handed helix and C7ax",
}

Angles = NDArray[np.float64]  # [n_frames, ..., 2], φ and ψ in degrees, of one residue or several


def basin_of(angles: Angles) -> NDArray[np.str_]:
    """Name of the basin [...] of every φ/ψ [..., 2]."""
    phi, psi = angles[..., 0], angles[..., 1]
    left_handed = (phi >= 0) & (phi < 120)
    helical = (psi >= -120) & (psi < 50)
    polyproline = (phi >= -110) & (phi < 0)
    return np.select([left_handed, helical, polyproline], [LEFT_HANDED, "alphaR", "PPII"], default="beta")


def populations(walkers: Mapping[str, Angles]) -> pd.DataFrame:
    """Tabulate the basins of every walker and of all walkers, with residues pooled.

    Parameters
    ----------
    walkers
        Angles [n_frames, ..., 2] of each walker.

    Returns
    -------
    DataFrame
        Columns walker, basin, share (of all frames), entries (into the basin), population (among the
        frames outside the left-handed basin) and standard_error of the population. The error of a
        walker comes from ``BLOCKS`` consecutive blocks, the error of all (``"all"``) from the spread
        of the walkers. The left-handed basin has only a share.
    """
    basins = {name: basin_of(angles) for name, angles in walkers.items()}
    rows = []
    for basin in BASINS:
        of_walkers = []
        for name, found in basins.items():
            inside = found == basin
            entries = int((inside[1:] & ~inside[:-1]).sum())
            outside_left = inside[found != LEFT_HANDED]  # one-dimensional, in the order of time
            # pandas ignores the NaN of walkers and blocks that never leave the left-handed basin.
            blocks = pd.Series([pd.Series(block).mean() for block in np.array_split(outside_left, BLOCKS)])
            population = pd.Series(outside_left).mean()
            of_walkers.append((name, basin, inside.mean(), entries, population, blocks.sem()))
        _, _, shares, counts, means, _ = map(pd.Series, zip(*of_walkers, strict=True))
        rows += [*of_walkers, ("all", basin, shares.mean(), counts.sum(), means.mean(), means.sem())]
    columns = ["walker", "basin", "share", "entries", "population", "standard_error"]
    table = pd.DataFrame(rows, columns=columns)
    table.loc[table["basin"] == LEFT_HANDED, ["population", "standard_error"]] = np.nan
    return table


def divergence(first: Angles, second: Angles) -> float:
    """Jensen–Shannon divergence of two φ/ψ histograms, in nats.

    It is 0 for equal and ln 2 for disjoint histograms, and NaN if one has no frames.
    """
    if not (len(first) and len(second)):
        return float("nan")
    return float(jensen_shannon(_histogram(first), _histogram(second)))


def _histogram(angles: Angles) -> NDArray[np.float64]:
    phi, psi = angles.reshape(-1, 2).T
    counts: NDArray[np.float64] = np.histogram2d(phi, psi, bins=[EDGES, EDGES])[0]
    return counts.ravel()
