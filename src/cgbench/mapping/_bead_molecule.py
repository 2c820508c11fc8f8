"""Beads as a molecule of their own, with names, residues and bonds."""

import numpy as np

from cgbench.chem.molecule import Molecule
from cgbench.mapping.base import Mapping


def bead_molecule(mapping: Mapping, molecule: Molecule) -> Molecule:
    """Describe the beads of a molecule like atoms.

    A bead at an atom has the element of this atom and, if beads have no names, its name; any other is a
    carbon and is named ``B<number>``. A bead is in the residue of the atom that has most weight in it; where
    these are out of order, as in mappings by hand, each bead is a residue. It is bonded to another bead if an
    atom of the one is bonded to an atom of the other.
    """
    sites, at_atom = mapping.matrix.argmax(axis=1), mapping.matrix.max(axis=1) > 1 - 1e-9
    residues = molecule.residue_index[sites]
    if (np.diff(residues) < 0).any():
        residues = np.arange(mapping.n_beads)
    names, elements = [], []
    for number, (site, is_atom) in enumerate(zip(sites, at_atom, strict=True), 1):
        names.append(molecule.atom_names[site] if is_atom else f"B{number}")
        elements.append(molecule.elements[site] if is_atom else "C")
    ends = np.sort(mapping.bead_index[molecule.bonds], axis=1)
    return Molecule(
        elements=tuple(elements),
        atom_names=mapping.bead_names or tuple(names),
        residue_names=tuple(molecule.residue_names[site] for site in sites),
        residue_index=residues,
        masses=np.bincount(mapping.bead_index, weights=molecule.masses).astype(np.float64),
        bonds=np.unique(ends[ends[:, 0] != ends[:, 1]], axis=0).reshape(-1, 2),
    )
