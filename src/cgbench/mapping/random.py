"""Random beads, a control for the effect of the mapping."""

import numpy as np

from cgbench.chem.molecule import Molecule
from cgbench.mapping._partition import renumber
from cgbench.mapping.base import Mapping, MappingGenerator, Positions


class Generator(MappingGenerator):
    """Give each bead one random atom, then each remaining atom to a random bead.

    Bonds are ignored, so beads need not be connected. Beads are geometric centres.
    """

    reference = "random mappings as suggested in arXiv 2201.12176"

    def _generate(self, molecule: Molecule, n_beads: int, seed: int, positions: Positions | None) -> Mapping:
        rng = np.random.default_rng(seed)
        labels = np.concatenate([np.arange(n_beads), rng.integers(n_beads, size=molecule.n_atoms - n_beads)])
        return Mapping.centres(renumber(rng.permutation(labels)))
