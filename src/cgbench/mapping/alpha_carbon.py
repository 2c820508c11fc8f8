"""One bead per residue, on its Cα."""

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import Molecule
from cgbench.core.errors import InputError
from cgbench.mapping import _partition
from cgbench.mapping.base import Mapping, MappingGenerator


class Generator(MappingGenerator):
    """Every residue is a bead, and its Cα alone says where the bead is.

    A cap has no Cα. Its bead is on its methyl carbon, which stands where a Cα would (ACE, NME), or,
    without one, on its first heavy atom (NH2). There is one possible number of beads; the seed
    changes nothing.
    """

    reference = "Cα mapping of arXiv 2201.12176"

    def _generate(
        self, molecule: Molecule, n_beads: int, seed: int, positions: NDArray[np.float32] | None
    ) -> Mapping:
        residues = [np.flatnonzero(molecule.residue_index == k) for k in np.unique(molecule.residue_index)]
        if n_beads != len(residues):
            raise InputError(
                f"alpha_carbon at resolution {n_beads}: the molecule has {len(residues)} residues, caps "
                f"included, and each is a bead; the only possible resolution is {len(residues)}"
            )
        weights = np.zeros(molecule.n_atoms)
        weights[[_site(molecule, atoms.tolist()) for atoms in residues]] = 1.0
        return Mapping(_partition.numbered(molecule.residue_index), weights)


def _site(molecule: Molecule, atoms: list[int]) -> int:
    """Atom that carries the bead of a residue: the first that fits the first rule that fits any."""
    rules = (
        lambda atom: molecule.elements[atom] == "C" and molecule.atom_names[atom] == "CA",
        lambda atom: molecule.elements[atom] == "C" and _hydrogens(molecule, atom) == 3,
        lambda atom: molecule.heavy[atom],
        lambda atom: True,
    )
    return next(atom for rule in rules for atom in atoms if rule(atom))


def _hydrogens(molecule: Molecule, atom: int) -> int:
    return sum(not molecule.heavy[neighbour] for neighbour in molecule.graph[atom])
