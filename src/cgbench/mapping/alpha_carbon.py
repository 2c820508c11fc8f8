"""One bead per residue, at its Cα."""

import numpy as np

from cgbench.chem.molecule import Molecule
from cgbench.core.errors import InputError
from cgbench.core.wording import counted
from cgbench.mapping._partition import renumber
from cgbench.mapping.base import Mapping, MappingGenerator, Positions


class Generator(MappingGenerator):
    """Make every residue a bead at the position of its Cα.

    The bead of a cap is at its methyl carbon (ACE, NME) or, without one, at its first heavy atom
    (NH2). Only one number of beads is possible; the seed has no effect.
    """

    reference = "Cα mapping of arXiv 2201.12176"

    def _generate(self, molecule: Molecule, n_beads: int, seed: int, positions: Positions | None) -> Mapping:
        residues = [np.flatnonzero(molecule.residue_index == k) for k in np.unique(molecule.residue_index)]
        if n_beads != len(residues):
            raise InputError(
                f"alpha_carbon at resolution {n_beads}: the molecule has {counted(len(residues), 'residue')}"
                f", caps included, and each is a bead; the only possible resolution is {len(residues)}"
            )
        weights = np.zeros(molecule.n_atoms)
        weights[[_site(molecule, atoms.tolist()) for atoms in residues]] = 1.0
        return Mapping(renumber(molecule.residue_index), weights)


def _site(molecule: Molecule, atoms: list[int]) -> int:
    """Atom of a residue that its bead is at: the first atom that meets the first rule that any atom meets."""
    rules = (
        lambda atom: molecule.elements[atom] == "C" and molecule.atom_names[atom] == "CA",
        lambda atom: (
            molecule.elements[atom] == "C" and (~molecule.heavy[list(molecule.graph[atom])]).sum() == 3
        ),
        lambda atom: molecule.heavy[atom],
        lambda atom: True,
    )
    return next(atom for rule in rules for atom in atoms if rule(atom))
