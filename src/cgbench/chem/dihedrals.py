"""Atoms and angles of backbone and side-chain torsions."""

import mdtraj
import numpy as np
from numpy.typing import NDArray

from cgbench.chem.geometry import Array, dihedrals
from cgbench.chem.mdtraj_topology import molecule_to_mdtraj
from cgbench.chem.molecule import IntArray, Molecule

# χ with two equivalent end atoms, which differ only by name: rotation by 180° gives the same geometry.
TWOFOLD = {("ASP", 2), ("GLU", 3), ("PHE", 2), ("TYR", 2)}


def phi_psi_atoms(molecule: Molecule) -> IntArray:
    """Atoms [n_residues, 2, 4] of φ and ψ of every residue that has both.

    Residues that follow each other in the file but are not bonded (chain ends, missing loops) have none.
    """
    topology = molecule_to_mdtraj(molecule)
    # φ is C-N-CA-C and ψ is N-CA-C-N: a residue has both where they share N, CA and C.
    psi_by_residue = {tuple(psi[:3]): psi for psi in mdtraj.geometry.indices_psi(topology)}
    bonded = molecule.graph.has_edge
    both = [
        (phi, psi)
        for phi in mdtraj.geometry.indices_phi(topology)
        if (psi := psi_by_residue.get(tuple(phi[1:]))) is not None
        and bonded(*phi[:2].tolist())
        and bonded(*psi[2:].tolist())
    ]
    return np.array(both, dtype=np.int64).reshape(-1, 2, 4)


def phi_psi(positions: Array, molecule: Molecule) -> Array:
    """φ and ψ of every residue that has both.

    Parameters
    ----------
    positions : [..., n_atoms, 3]
        Array or tensor, in any unit.

    Returns
    -------
    [..., n_residues, 2]
        Degrees; ``n_residues`` is 0 for a molecule without a peptide backbone.
    """
    quads = phi_psi_atoms(molecule)
    angles = dihedrals(positions, quads.reshape(-1, 4))
    return angles.reshape(*positions.shape[:-2], len(quads), 2)


def chi_atoms(molecule: Molecule) -> tuple[IntArray, NDArray[np.float64]]:
    """Side-chain torsions χ1 to χ5 of every residue.

    Returns
    -------
    quads : int [n_torsions, 4]
        Atoms of each torsion.
    periods : float [n_torsions]
        Symmetry period, degrees: 360, or 180 where the end atoms are equivalent.
    """
    topology = molecule_to_mdtraj(molecule)
    quads, periods = [], []
    for number in range(1, 6):
        for atoms in getattr(mdtraj.geometry, f"indices_chi{number}")(topology):
            quads.append(atoms)
            twofold = (molecule.residue_names[atoms[1]], number) in TWOFOLD
            periods.append(180.0 if twofold else 360.0)
    return np.array(quads, dtype=np.int64).reshape(-1, 4), np.array(periods)
