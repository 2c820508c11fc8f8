"""What is measured on geometries, each thing once however many metrics read it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cgbench.contacts import Contacts, count_contacts
from cgbench.geometry import Positions, bond_angles, chiral_volumes, pair_distances
from cgbench.molecule import Molecule
from cgbench.torsions import chi_atoms, dihedrals, phi_psi


@dataclass(frozen=True)
class Measured:
    """Geometries of one molecule, and what is measured on them when it is first asked for.

    Attributes
    ----------
    positions : float32 [n_frames, n_samples, n_atoms, 3]
        Å; MD frames are one sample each.
    molecule
        Of these atoms.
    """

    positions: NDArray[np.float32]
    molecule: Molecule

    @cached_property
    def contacts(self) -> Contacts:
        """Missing and extra bonds, clashes and overlaps [n_frames, n_samples]."""
        return count_contacts(self.positions, self.molecule)

    @cached_property
    def bond_lengths(self) -> Positions:
        """Of the bonds of the topology: [n_frames, n_samples, n_bonds], Å."""
        return pair_distances(self.positions, self.molecule.bonds)

    @cached_property
    def bond_angles(self) -> Positions:
        """Of the angles of the topology: [n_frames, n_samples, n_angles], degrees."""
        return bond_angles(self.positions, self.molecule.angles)

    @cached_property
    def phi_psi(self) -> NDArray[np.float64]:
        """Backbone torsions [n_frames, n_samples, n_residues, 2], degrees."""
        return phi_psi(self.positions, self.molecule)

    @cached_property
    def chi_turn(self) -> NDArray[np.float64]:
        """Side-chain torsions [n_frames, n_samples, n_torsions] in periods of their own, 0 to 1."""
        quads, periods = chi_atoms(self.molecule)
        return dihedrals(self.positions, self.molecule, quads) / periods % 1.0

    @cached_property
    def chiral_volumes(self) -> Positions:
        """Of Cα with its neighbours: [n_frames, n_samples, n_centres], Å³, positive for L amino acids."""
        return chiral_volumes(self.positions, self.molecule.chiral_centres)
