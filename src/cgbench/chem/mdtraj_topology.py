"""Molecules as topologies of mdtraj, and back."""

import mdtraj
import numpy as np

from cgbench.chem.molecule import Molecule


def molecule_from_mdtraj(topology: mdtraj.Topology) -> Molecule:
    """Convert an mdtraj topology; atoms without an element get an empty symbol and no mass."""
    atoms = list(topology.atoms)
    bonds = sorted({(min(pair), max(pair)) for pair in ((a.index, b.index) for a, b in topology.bonds)})
    return Molecule(
        elements=tuple("" if atom.element is None else atom.element.symbol for atom in atoms),
        atom_names=tuple(atom.name for atom in atoms),
        residue_names=tuple(atom.residue.name for atom in atoms),
        residue_index=np.array([atom.residue.index for atom in atoms], dtype=np.int64),
        masses=np.array([0.0 if atom.element is None else atom.element.mass for atom in atoms]),
        bonds=np.array(bonds, dtype=np.int64).reshape(-1, 2),
    )


def molecule_to_mdtraj(molecule: Molecule, *, chains: bool = False) -> mdtraj.Topology:
    """Convert a molecule to an mdtraj topology of one chain.

    With ``chains``, a residue that is not bonded to the one before it begins a new chain.
    """
    bonded = {tuple(sorted(pair)) for pair in molecule.residue_index[molecule.bonds].tolist()}
    topology = mdtraj.Topology()
    chain = topology.add_chain()
    residues: dict[int, mdtraj.core.topology.Residue] = {}
    for index in range(molecule.n_atoms):
        residue = int(molecule.residue_index[index])
        if residue not in residues:
            if chains and residues and (max(residues), residue) not in bonded:
                chain = topology.add_chain()
            residues[residue] = topology.add_residue(molecule.residue_names[index], chain, resSeq=residue + 1)
        element = mdtraj.element.Element.getBySymbol(molecule.elements[index])
        topology.add_atom(molecule.atom_names[index], element, residues[residue])
    atoms = list(topology.atoms)
    for i, j in molecule.bonds:
        topology.add_bond(atoms[i], atoms[j])
    return topology
