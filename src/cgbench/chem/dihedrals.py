"""Backbone and side-chain torsions: which atoms they are of, and the angles of the backbone."""

import mdtraj
import numpy as np
from numpy.typing import NDArray

from cgbench.chem.geometry import Array, dihedrals
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.trajectory_io import molecule_to_mdtraj

Angles = NDArray[np.float64]

# χ whose ends are two like atoms, which only their labels tell apart: half a turn changes nothing.
TWOFOLD = {("ASP", 2), ("GLU", 3), ("PHE", 2), ("TYR", 2)}


def phi_psi_atoms(molecule: Molecule) -> IntArray:
    """Atoms [n_residues, 2, 4] of φ and ψ of every residue that has both.

    Neighbours in the file alone have none: between them a chain ends, or a loop is missing.
    """
    topology = molecule_to_mdtraj(molecule)
    phi_atoms = mdtraj.geometry.indices_phi(topology)
    psi_atoms = mdtraj.geometry.indices_psi(topology)
    # φ is C-N-CA-C and ψ is N-CA-C-N: a residue has both where they share N, CA and C.
    psi_of = {tuple(atoms[:3]): atoms for atoms in psi_atoms}
    both = [(phi, psi_of[tuple(phi[1:])]) for phi in phi_atoms if tuple(phi[1:]) in psi_of]
    bonded = molecule.graph.has_edge
    both = [(phi, psi) for phi, psi in both if bonded(*phi[:2].tolist()) and bonded(*psi[2:].tolist())]
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
        Degrees, of the kind of positions; ``n_residues`` is 0 for a molecule without a peptide backbone.
    """
    quads = phi_psi_atoms(molecule)
    angles = dihedrals(positions, quads.reshape(-1, 4))
    return angles.reshape(*positions.shape[:-2], len(quads), 2)


def chi_atoms(molecule: Molecule) -> tuple[IntArray, Angles]:
    """Side-chain torsions χ1 to χ5 of every residue.

    Returns
    -------
    quads : int [n_torsions, 4]
    periods : float [n_torsions]
        Degrees after which an angle is the same: 360, or 180 where the ends are two like atoms.
    """
    topology = molecule_to_mdtraj(molecule)
    quads, periods = [], []
    for number in range(1, 6):
        for atoms in getattr(mdtraj.geometry, f"indices_chi{number}")(topology):
            quads.append(atoms)
            twofold = (molecule.residue_names[atoms[1]], number) in TWOFOLD
            periods.append(180.0 if twofold else 360.0)
    return np.array(quads, dtype=np.int64).reshape(-1, 4), np.array(periods)
