"""Checks of chirality and peptide bonds, which building and heating can invert without an error."""

from itertools import pairwise

import mdtraj
import numpy as np
from numpy.typing import NDArray

from cgbench.chem.geometry import chiral_volumes
from cgbench.core.errors import InputError


def check_stereochemistry(trajectory: mdtraj.Trajectory, label: str) -> None:
    """Check every frame for D-amino acids and cis peptide bonds, except before proline.

    Raises
    ------
    InputError
        Naming the residue and the first frame; the message begins with ``label``.
    """
    for previous, residue in pairwise(trajectory.topology.residues):
        before = {atom.name: atom.index for atom in previous.atoms}
        atoms = {atom.name: atom.index for atom in residue.atoms}
        if residue.name != "PRO":
            # ACE has CH3 in place of CA, and NME has C.
            quad = [before.get("CH3", before.get("CA")), before["C"], atoms["N"], atoms.get("CA", atoms["C"])]
            omega = mdtraj.compute_dihedrals(trajectory, [quad])[:, 0]
            _refuse(np.cos(omega) > 0, f"{label}: the peptide bond before residue {residue} is cis")
        if "CB" in atoms:
            centre = np.array([[atoms[name] for name in ("N", "CA", "C", "CB")]])
            d_amino_acid = chiral_volumes(trajectory.xyz, centre)[:, 0] <= 0
            _refuse(d_amino_acid, f"{label}: residue {residue} is a D-amino acid")


def _refuse(wrong: NDArray[np.bool_], message: str) -> None:
    if wrong.any():
        raise InputError(f"{message} in frame {int(np.argmax(wrong))}; lower hot_kelvin or set another seed")
