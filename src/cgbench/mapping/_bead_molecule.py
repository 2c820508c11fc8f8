"""Beads as a molecule of their own, with names, residues and bonds."""

import numpy as np

from cgbench.chem.molecule import Molecule
from cgbench.mapping.base import Mapping


def bead_molecule(mapping: Mapping, molecule: Molecule) -> Molecule:
    """Describe the beads of a molecule like atoms.

    A bead is in the residue of the atom that has most weight in it, and is bonded to another if an atom of
    the one is bonded to an atom of the other. Beads without names are numbered from ``B1``.
    """
    sites = mapping.matrix.argmax(axis=1)
    ends = np.sort(mapping.bead_index[molecule.bonds], axis=1)
    return Molecule(
        elements=("VS",) * mapping.n_beads,  # mdtraj's symbol of a virtual site
        atom_names=mapping.bead_names or tuple(f"B{bead + 1}" for bead in range(mapping.n_beads)),
        residue_names=tuple(molecule.residue_names[site] for site in sites),
        residue_index=molecule.residue_index[sites],
        masses=np.bincount(mapping.bead_index, weights=molecule.masses).astype(np.float64),
        bonds=np.unique(ends[ends[:, 0] != ends[:, 1]], axis=0).reshape(-1, 2),
    )
