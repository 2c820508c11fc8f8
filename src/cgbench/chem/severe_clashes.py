"""Pairs of atoms whose spheres overlap so much that no conformation of a molecule has them."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.bonds_and_clashes import OVERLAP_DISTANCE
from cgbench.chem.geometry import pair_distances
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.pbc import close_pairs

SEVERE_OVERLAP = 0.9  # Å of overlap of van der Waals spheres (MolProbity: severe clashes)
POLAR_HYDROGEN = 1.0  # Å, radius (J. M. Word et al., J. Mol. Biol. 285, 1711, 1999)


class SevereClashes:
    """Finder of severe clashes of one molecule; its cost is linear in atoms.

    Spheres have Bondi's radii, those of hydrogens on N, O and S 1.0 Å. Atoms up to three bonds apart, and
    hydrogen bonds (these hydrogens and N, O or S), only clash below 1.2 Å.
    """

    def __init__(self, molecule: Molecule) -> None:
        elements, graph = np.array(molecule.elements), molecule.graph
        self.takes = np.isin(elements, ("N", "O", "S"))
        self.gives = np.array(
            [element == "H" and any(self.takes[list(graph[atom])]) for atom, element in enumerate(elements)]
        )
        self.radii = np.where(self.gives, POLAR_HYDROGEN, molecule.van_der_waals_radii) - SEVERE_OVERLAP / 2
        torsions = [
            (start, end)
            for j, k in molecule.bonds.tolist()
            for start, end in product(graph[j], graph[k])
            if start != k and end != j and start != end
        ]
        self.n_atoms = molecule.n_atoms
        self.bonded = self._keys(np.concatenate([molecule.bonds, molecule.angle_ends]))
        self.torsion_ends = self._keys(np.array(torsions, dtype=np.int64).reshape(-1, 2))

    def __call__(
        self, positions: NDArray[np.floating]
    ) -> tuple[IntArray, NDArray[np.floating], NDArray[np.floating]]:
        """Find the severe clashes of one geometry [n_atoms, 3], Å.

        Returns
        -------
        pairs : int [n, 2]
        distances, limits : [n]
            Distances, Å, and the smallest that would be none.

        Raises
        ------
        InputError
            If atoms have more neighbours than in any molecule.
        """
        pairs = close_pairs(positions, np.maximum(self.radii, OVERLAP_DISTANCE / 2))
        i, j = pairs.T
        keys = self._keys(pairs)
        may_touch = (self.gives[i] & self.takes[j]) | (self.takes[i] & self.gives[j])
        may_touch |= np.isin(keys, self.torsion_ends)
        limits = np.where(may_touch, OVERLAP_DISTANCE, self.radii[i] + self.radii[j])
        limits = np.maximum(limits, OVERLAP_DISTANCE)
        distances = pair_distances(positions, pairs)
        clash = (distances < limits) & ~np.isin(keys, self.bonded)
        return pairs[clash], distances[clash], limits[clash]

    def _keys(self, pairs: IntArray) -> IntArray:
        return np.asarray(np.sort(pairs, axis=1) @ [self.n_atoms, 1])
