"""Do independent walkers agree? Basin populations of phi/psi with errors, and their divergence.

Between the basins left of phi = 0 a walker moves hundreds of times; the left-handed basin is entered
less than once in ten nanoseconds, so that its share follows from where walkers start. The comparison
is therefore made among the frames outside it, and its share is stated apart.
"""

from itertools import combinations
from typing import Any

import mdtraj
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon

BLOCKS = 10
BINS = 36  # 10 degrees wide
SLOW = "alphaL"
BASINS = {
    "beta": "phi outside [-110, 120), psi outside [-120, 50): C5",
    "PPII": "phi in [-110, 0), psi outside [-120, 50): polyproline II and C7eq",
    "alphaR": "phi outside [0, 120), psi in [-120, 50)",
    SLOW: "phi in [0, 120): left-handed helix and C7ax",
}

Angles = NDArray[np.float64]  # [n_frames, 2] phi and psi in degrees


def backbone_angles(trajectory: mdtraj.Trajectory) -> Angles:
    """Return phi and psi ``[n_frames, 2]`` in degrees of a peptide with one residue between caps."""
    phi = mdtraj.compute_phi(trajectory)[1][:, 0]
    psi = mdtraj.compute_psi(trajectory)[1][:, 0]
    return np.asarray(np.degrees(np.stack([phi, psi], axis=1)), dtype=np.float64)


def basin_of(angles: Angles) -> NDArray[np.str_]:
    """Return the name of the basin of every frame ``[n_frames]``."""
    phi, psi = angles.T
    left_handed = (phi >= 0) & (phi < 120)
    helical = (psi >= -120) & (psi < 50)
    near = (phi >= -110) & (phi < 0)
    return np.select([left_handed, helical, near], [SLOW, "alphaR", "PPII"], default="beta")


def populations(walkers: dict[str, Angles]) -> pd.DataFrame:
    """Tabulate the basins of every walker and of all of them.

    Returns
    -------
    pandas.DataFrame
        Columns walker, basin, share (of all frames), entries (into the basin), population (among the
        frames outside the left-handed basin) and standard_error of the population. A walker's error
        comes from ``BLOCKS`` consecutive blocks, the error over all from the spread of the walkers.
    """
    rows = []
    for basin in BASINS:
        own = []
        for name, angles in walkers.items():
            basins = basin_of(angles)
            inside = basins == basin
            entries = int((inside[1:] & ~inside[:-1]).sum())
            fast = inside[basins != SLOW]
            blocks = [_mean(block) for block in np.array_split(fast, BLOCKS)]
            own.append((name, basin, _mean(inside), entries, _mean(fast), _error(blocks)))
        _, _, shares, entered, means, _ = zip(*own, strict=True)
        total = ("all", basin, _mean(shares), sum(entered), _mean(means), _error(means))
        rows += [*own, total]
    columns = ["walker", "basin", "share", "entries", "population", "standard_error"]
    table = pd.DataFrame(rows, columns=columns)
    table.loc[table["basin"] == SLOW, ["population", "standard_error"]] = np.nan
    return table


def _mean(values: Any) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _error(values: Any) -> float:
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")


def divergence(first: Angles, second: Angles) -> float:
    """Return the Jensen-Shannon divergence of two phi/psi histograms, in bits.

    It runs from 0 (equal) to 1 (disjoint) and is not a number where one of them has no frames.
    """
    if not (len(first) and len(second)):
        return float("nan")
    return float(jensenshannon(_histogram(first), _histogram(second), base=2) ** 2)


def _histogram(angles: Angles) -> NDArray[np.float64]:
    edges = np.linspace(-180, 180, BINS + 1)
    phi, psi = angles.T
    counts: NDArray[np.float64] = np.histogram2d(phi, psi, bins=[edges, edges])[0]
    return counts.ravel()


def agreement(walkers: dict[str, Angles]) -> dict[str, Any]:
    """Summarise the agreement between walkers for the card.

    The divergence between the two halves of one walker is the yardstick: two walkers that sample
    the same distribution are closer than that, for they are twice as long as a half.
    """
    table = populations(walkers).round(4).astype(object)
    fast = {name: angles[basin_of(angles) != SLOW] for name, angles in walkers.items()}
    pairs = {f"{a} {b}": divergence(fast[a], fast[b]) for a, b in combinations(fast, 2)}
    halves = {name: divergence(*np.array_split(angles, 2)) for name, angles in fast.items()}
    return {
        "basins": BASINS,
        "populations": table.where(table.notna(), None).to_dict(orient="records"),
        "divergence": f"Jensen-Shannon, bits, {BINS} x {BINS} bins of phi and psi, outside {SLOW}",
        "divergence_between_walkers": _rounded(pairs),
        "divergence_between_halves": _rounded(halves),
    }


def _rounded(values: dict[str, float]) -> dict[str, float | None]:
    """Round for JSON, which has no NaN."""
    return {name: None if np.isnan(value) else round(value, 4) for name, value in values.items()}


def as_markdown(summary: dict[str, Any]) -> str:
    """Write what :func:`agreement` returned as tables to read."""
    table = pd.DataFrame(summary["populations"])
    value = table["population"].map("{:.3f}".format, na_action="ignore")
    error = table["standard_error"].map("{:.3f}".format, na_action="ignore")
    table["cell"] = (value + " ± " + error).fillna(table["share"].map("{:.3f}".format))
    wide = table.pivot(index="walker", columns="basin", values="cell")[list(BASINS)]
    entries = table.pivot(index="walker", columns="basin", values="entries")[list(BASINS)]
    between = list(summary["divergence_between_walkers"].values())
    halves = list(summary["divergence_between_halves"].values())
    basins = "\n".join(f"- {name}: {text}" for name, text in summary["basins"].items())
    return f"""# Agreement between walkers

Population of each basin among the frames outside {SLOW} (standard error from {BLOCKS} blocks per
walker, for `all` from the spread between walkers); for {SLOW} the share of all frames.

{wide.to_markdown()}

Entries into each basin:

{entries.to_markdown()}

{basins}

{summary["divergence"]}: {_range(between)} between walkers,
{_range(halves)} between the two halves of a walker.
"""


def _range(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{min(known):.3f} to {max(known):.3f}" if known else "not defined"
