"""Segments of nearly equal numbers of atoms, in file order."""

import numpy as np

from cgbench.chem.molecule import Molecule
from cgbench.mapping.base import Mapping, MappingGenerator, Positions


class Generator(MappingGenerator):
    """Cut the list of atoms into contiguous segments that differ by at most one atom.

    Bonds are ignored, so the beads depend on the order of atoms in the file. Beads are geometric
    centres; the seed has no effect.
    """

    reference = "contiguous partition as in arXiv 2201.12176, appendix; cut evenly by atoms"

    def _generate(self, molecule: Molecule, n_beads: int, seed: int, positions: Positions | None) -> Mapping:
        return Mapping.centres(np.arange(molecule.n_atoms) * n_beads // molecule.n_atoms)
