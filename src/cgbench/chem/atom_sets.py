"""Sets of atoms that are scored by themselves: all, heavy atoms, backbone and side chains."""

from typing import Literal

import numpy as np

from cgbench.chem.molecule import IntArray, Molecule

AtomSet = Literal["all", "heavy", "backbone", "sidechain"]
ATOM_SETS: tuple[AtomSet, ...] = ("all", "heavy", "backbone", "sidechain")
# The backbone has no equivalent atoms.
WITH_EQUIVALENT_ATOMS: tuple[AtomSet, ...] = ("all", "heavy", "sidechain")
BACKBONE = ("N", "CA", "C", "O")


def unplaced_atoms(molecule: Molecule) -> IntArray:
    """Heavy atoms [n] that belong neither to the backbone nor to a side chain, if there is a backbone."""
    backbone, side_chains = (atoms_of_set(molecule, atoms) for atoms in ("backbone", "sidechain"))
    heavy = np.flatnonzero(molecule.heavy & bool(len(backbone)))
    return np.setdiff1d(heavy, np.concatenate([backbone, side_chains]))


def atoms_of_set(molecule: Molecule, atoms: AtomSet) -> IntArray:
    """Select the atoms of a set: sorted indices [n_selected].

    The backbone consists of N, CA, C and O of the residues that have N, CA and C, and side chains of their
    other heavy atoms that are not bonded to C. Neither has atoms of caps (ACE, NME, NH2), or the second
    oxygen of a charged end (OXT): programs that backmap a Cα trace do not place these.
    """
    if atoms == "all":
        return np.arange(molecule.n_atoms)
    if atoms == "heavy":
        return np.flatnonzero(molecule.heavy)
    residues: dict[int, dict[str, int]] = {}
    for atom in np.flatnonzero(molecule.heavy).tolist():
        residues.setdefault(int(molecule.residue_index[atom]), {})[molecule.atom_names[atom]] = atom
    chosen: list[int] = []
    for names in residues.values():
        if names.keys() >= {"N", "CA", "C"}:
            backbone = {names[name] for name in BACKBONE if name in names}
            ends = set(molecule.graph[names["C"]])
            chosen += backbone if atoms == "backbone" else set(names.values()) - backbone - ends
    return np.array(sorted(chosen), dtype=np.int64)
