"""Handedness and peptide bonds: what heating and building may break without any error."""

from itertools import pairwise
from typing import Any

import mdtraj
import numpy as np

from cgbench.core.errors import InputError


def check_stereochemistry(trajectory: mdtraj.Trajectory, where: str) -> None:
    """Refuse D amino acids and cis peptide bonds, in every frame.

    A cis bond before proline is left alone: it occurs in nature and is no damage.

    Raises
    ------
    InputError
        Naming the residue and the first frame; ``where`` starts the message.
    """
    for previous, residue in pairwise(trajectory.topology.residues):
        before = {atom.name: atom.index for atom in previous.atoms}
        here = {atom.name: atom.index for atom in residue.atoms}
        _check_peptide_bond(trajectory, before, here, residue, where)
        if "CB" in here:
            _check_handedness(trajectory, here, residue, where)


def _check_handedness(trajectory: mdtraj.Trajectory, atoms: dict[str, int], residue: Any, where: str) -> None:
    centre = trajectory.xyz[:, atoms["CA"]]
    n, c, cb = (trajectory.xyz[:, atoms[name]] - centre for name in ("N", "C", "CB"))
    volume = np.einsum("fi,fi->f", n, np.cross(c, cb))  # nm^3, positive for L
    _refuse(volume <= 0, f"{where}: residue {residue} is a D amino acid")


def _check_peptide_bond(
    trajectory: mdtraj.Trajectory, before: dict[str, int], here: dict[str, int], residue: Any, where: str
) -> None:
    if residue.name == "PRO":
        return
    alpha = "CH3" if "CH3" in before else "CA"
    # The cap NME calls its carbon C: the methyl that stands where CA would.
    quartet = [before[alpha], before["C"], here["N"], here.get("CA", here["C"])]
    omega = mdtraj.compute_dihedrals(trajectory, [quartet])[:, 0]
    _refuse(np.cos(omega) > 0, f"{where}: the peptide bond before residue {residue} is cis")


def _refuse(wrong: Any, message: str) -> None:
    if wrong.any():
        raise InputError(f"{message} in frame {int(np.argmax(wrong))}; lower hot_kelvin or take another seed")
