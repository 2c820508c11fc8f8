"""Analysis of finished walkers for the card: agreement of φ/ψ distributions, and folding of longer chains."""

from itertools import combinations
from pathlib import Path
from typing import Any

import mdtraj
import numpy as np
import pandas as pd

from cgbench.chem import rama_basins
from cgbench.chem.rama_basins import BASINS, BINS, BLOCKS, LEFT_HANDED, Angles
from cgbench.core.errors import InputError
from cgbench.formats.units import ANGSTROM_PER_NM
from cgbench.simulation.folding import CONTACT_NM, MIN_OCCUPANCY, contact_atoms
from cgbench.simulation.recipe import FoldedStart


def backbone_angles(trajectory: mdtraj.Trajectory) -> Angles:
    """φ and ψ [n_frames, 2], degrees, of a peptide with one residue between caps."""
    phi = mdtraj.compute_phi(trajectory)[1][:, 0]
    psi = mdtraj.compute_psi(trajectory)[1][:, 0]
    return np.asarray(np.degrees(np.stack([phi, psi], axis=1)), dtype=np.float64)


def agreement(walkers: dict[str, Angles]) -> dict[str, Any]:
    """Basin populations of walkers, and divergences between walkers and between halves of each walker.

    The divergence between halves is the reference: walkers that sample the same distribution differ less,
    because a walker has twice as many frames as a half.

    Parameters
    ----------
    walkers
        φ and ψ [n_frames, 2] of each walker, degrees.
    """
    table = rama_basins.populations(walkers).round(4).astype(object)
    outside = {name: each[rama_basins.basin_of(each) != LEFT_HANDED] for name, each in walkers.items()}
    pairs = {f"{a} {b}": rama_basins.divergence(outside[a], outside[b]) for a, b in combinations(outside, 2)}
    halves = {name: rama_basins.divergence(*np.array_split(angles, 2)) for name, angles in outside.items()}
    return {
        "basins": BASINS,
        "populations": table.where(table.notna(), None).to_dict(orient="records"),
        "divergence": f"Jensen-Shannon, nats, {BINS} x {BINS} bins of phi and psi, outside {LEFT_HANDED}",
        "divergence_between_walkers": _rounded(pairs),
        "divergence_between_halves": _rounded(halves),
    }


def _rounded(values: dict[str, float]) -> dict[str, float | None]:
    """Round values, and replace NaN, which JSON does not have."""
    return {name: None if np.isnan(value) else round(value, 4) for name, value in values.items()}


def agreement_markdown(summary: dict[str, Any]) -> str:
    """Format the result of :func:`agreement` as Markdown tables."""
    table = pd.DataFrame(summary["populations"])
    population, error, share = (
        table[column].map("{:.3f}".format, na_action="ignore")
        for column in ("population", "standard_error", "share")
    )
    table["text"] = (population + " ± " + error).fillna(share)
    texts, entries = (
        table.pivot(index="walker", columns="basin", values=column)[list(BASINS)].to_markdown()
        for column in ("text", "entries")
    )
    basins = "\n".join(f"- {name}: {text}" for name, text in summary["basins"].items())
    return f"""# Agreement between walkers

Population of each basin among the frames outside {LEFT_HANDED} (standard error from {BLOCKS} blocks per
walker, for `all` from the spread between walkers); for {LEFT_HANDED} the share of all frames.

{texts}

Entries into each basin:

{entries}

{basins}

{summary["divergence"]}: {_range(summary["divergence_between_walkers"])} between walkers,
{_range(summary["divergence_between_halves"])} between the two halves of a walker.
"""


def _range(values: dict[str, float | None]) -> str:
    known = [value for value in values.values() if value is not None]
    return f"{min(known):.3f} to {max(known):.3f}" if known else "not defined"


def folding_summary(
    trajectory: mdtraj.Trajectory, native: FoldedStart, reference: mdtraj.Trajectory | None
) -> dict[str, Any]:
    """State of the chain, mean radius of gyration (Å), occupancy of native contacts, and Cα RMSD (Å).

    The state is ``folded`` if each decisive contact is formed in at least 70 % of the frames. The RMSD to
    the reference after superposition (mean, first and last frame) is given only with a reference.
    """
    pairs = contact_atoms(trajectory.topology, native.contacts)
    occupancy = np.mean(mdtraj.compute_distances(trajectory, pairs) < CONTACT_NM, axis=0)
    summary: dict[str, Any] = {
        "state": "folded" if (occupancy[: native.kept] >= MIN_OCCUPANCY).all() else "unfolded",
        "radius_of_gyration_A": _mean(mdtraj.compute_rg(trajectory) * ANGSTROM_PER_NM),
        "contact_occupancy": {
            f"{a} {b}": round(float(share), 3)
            for (a, b), share in zip(native.contacts, occupancy, strict=True)
        },
    }
    if reference is not None:
        atoms, reference_atoms = (each.topology.select("name CA") for each in (trajectory, reference))
        rmsd = mdtraj.rmsd(trajectory, reference, atom_indices=atoms, ref_atom_indices=reference_atoms)
        rmsd = rmsd * ANGSTROM_PER_NM
        summary["calpha_rmsd_A"] = {"mean": _mean(rmsd), "first": _mean(rmsd[0]), "last": _mean(rmsd[-1])}
    return summary


def _mean(values: Any) -> float:
    return round(float(np.mean(values)), 2)


def load_reference(path: Path | str, n_residues: int) -> mdtraj.Trajectory:
    """Read the native structure.

    Raises
    ------
    InputError
        If the number of Cα atoms is not that of the residues in the sequence.
    """
    reference = mdtraj.load(str(path))
    n_calpha = len(reference.topology.select("name CA"))
    if n_calpha != n_residues:
        raise InputError(
            f"{path}: {n_calpha} C-alpha atoms, but the sequence has {n_residues} residues; "
            "give the native structure of this sequence"
        )
    return reference
