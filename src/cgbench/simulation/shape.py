"""Is a walker folded? Size, distance from a reference and native contacts, as means over frames."""

from pathlib import Path
from typing import Any

import mdtraj
import numpy as np

from cgbench.core.errors import InputError
from cgbench.simulation.folding import CONTACT_NM, HELD, contact_atoms
from cgbench.simulation.recipe import FoldedStart

ANGSTROM_PER_NM = 10.0


def shape(
    trajectory: mdtraj.Trajectory, native: FoldedStart, reference: mdtraj.Trajectory | None
) -> dict[str, Any]:
    """Return what the frames are, whatever they started from.

    That is the state (folded where the decisive contacts hold), the mean radius of gyration, the
    share of frames with each contact and, given a reference, the C-alpha RMSD in Å.
    """
    pairs = contact_atoms(trajectory.topology, native.contacts)
    held = np.mean(mdtraj.compute_distances(trajectory, pairs) < CONTACT_NM, axis=0)
    facts: dict[str, Any] = {
        "state": "folded" if (held[: native.kept] >= HELD).all() else "unfolded",
        "radius_of_gyration_A": _mean(mdtraj.compute_rg(trajectory) * ANGSTROM_PER_NM),
        "contact_occupancy": {
            f"{a} {b}": round(float(share), 3) for (a, b), share in zip(native.contacts, held, strict=True)
        },
    }
    if reference is not None:
        facts["calpha_rmsd_A"] = calpha_rmsd(trajectory, reference)
    return facts


def calpha_rmsd(trajectory: mdtraj.Trajectory, reference: mdtraj.Trajectory) -> dict[str, float]:
    """Return mean, first and last C-alpha RMSD to the reference, in Å, after superposition."""
    here, there = trajectory.topology.select("name CA"), reference.topology.select("name CA")
    values = mdtraj.rmsd(trajectory, reference, atom_indices=here, ref_atom_indices=there) * ANGSTROM_PER_NM
    ends = {"first": round(float(values[0]), 2), "last": round(float(values[-1]), 2)}
    return {"mean": _mean(values), **ends}


def load_reference(path: Path | str, n_residues: int) -> mdtraj.Trajectory:
    """Load a reference structure, which must have as many C-alpha atoms as the sequence has residues."""
    reference = mdtraj.load(str(path))
    found = len(reference.topology.select("name CA"))
    if found != n_residues:
        raise InputError(
            f"{path}: {found} C-alpha atoms, the sequence has {n_residues}; give a matching file"
        )
    return reference


def _mean(values: Any) -> float:
    return round(float(np.mean(values)), 2)
