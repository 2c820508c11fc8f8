"""Random beads: a control for what the choice of a mapping is worth."""

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import Molecule
from cgbench.mapping import _partition
from cgbench.mapping.base import Mapping, MappingGenerator


class Generator(MappingGenerator):
    """Give each bead one random atom, then each remaining atom to a random bead.

    Beads ignore bonds, so they need not be connected. Geometric centres; a seed, a mapping.
    """

    reference = "random mappings as suggested in arXiv 2201.12176"

    def _generate(
        self, molecule: Molecule, n_beads: int, seed: int, positions: NDArray[np.float32] | None
    ) -> Mapping:
        rng = np.random.default_rng(seed)
        labels = np.concatenate([np.arange(n_beads), rng.integers(n_beads, size=molecule.n_atoms - n_beads)])
        return Mapping.centres(_partition.numbered(rng.permutation(labels)))
