"""Beads from the communities of the bond graph."""

from itertools import chain

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import Molecule
from cgbench.core.errors import InputError
from cgbench.mapping import _partition
from cgbench.mapping.base import Mapping, MappingGenerator


class Generator(MappingGenerator):
    """Remove the bond with the highest betweenness until the graph has n_beads pieces.

    Every bead is connected through bonds. Beads are geometric centres; the seed changes nothing.
    """

    reference = "M. Girvan, M. E. J. Newman, PNAS 99, 7821 (2002), as used for arXiv 2201.12176"

    def _generate(
        self, molecule: Molecule, n_beads: int, seed: int, positions: NDArray[np.float32] | None
    ) -> Mapping:
        pieces = list(nx.connected_components(molecule.graph))
        if n_beads < len(pieces):
            raise InputError(
                f"girvan_newman at resolution {n_beads}: the molecule is in {len(pieces)} pieces without "
                "bonds between them, and a bead cannot span two; ask for more beads or select one molecule"
            )
        levels = chain([pieces], nx.community.girvan_newman(molecule.graph))
        communities = next(level for level in levels if len(level) >= n_beads)
        return Mapping.centres(_partition.bead_index(communities, molecule.n_atoms))
