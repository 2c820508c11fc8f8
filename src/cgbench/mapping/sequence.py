"""Equal runs of atoms in file order."""

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import Molecule
from cgbench.mapping.base import Mapping, MappingGenerator


class Generator(MappingGenerator):
    """Cut the list of atoms into runs that differ by one atom at most.

    Bonds are not looked at, so how sensible the beads are is up to the order of the file. Beads
    are geometric centres; the seed changes nothing.
    """

    reference = "contiguous partition as in arXiv 2201.12176, appendix; cut evenly by atoms"

    def _generate(
        self, molecule: Molecule, n_beads: int, seed: int, positions: NDArray[np.float32] | None
    ) -> Mapping:
        return Mapping.centres(np.arange(molecule.n_atoms) * n_beads // molecule.n_atoms)
