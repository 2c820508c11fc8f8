"""Do independent walkers agree? Basin populations of phi/psi with errors, and their divergence."""

from itertools import combinations
from typing import Any

import mdtraj
import numpy as np
import pandas as pd

from cgbench.chem.rama_basins import BASINS, BINS, BLOCKS, SLOW, Angles, basin_of, divergence, populations


def backbone_angles(trajectory: mdtraj.Trajectory) -> Angles:
    """Return phi and psi ``[n_frames, 2]`` in degrees of a peptide with one residue between caps."""
    phi = mdtraj.compute_phi(trajectory)[1][:, 0]
    psi = mdtraj.compute_psi(trajectory)[1][:, 0]
    return np.asarray(np.degrees(np.stack([phi, psi], axis=1)), dtype=np.float64)


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
        "divergence": f"Jensen-Shannon, nats, {BINS} x {BINS} bins of phi and psi, outside {SLOW}",
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
