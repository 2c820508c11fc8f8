"""Beads from the communities of the bond graph."""

from itertools import chain

import networkx as nx

from cgbench.chem.molecule import Molecule
from cgbench.core.errors import InputError
from cgbench.mapping._partition import bead_index
from cgbench.mapping.base import Mapping, MappingGenerator, Positions

# The time grows with n_atoms² n_beads. One bead of 1,238 atoms takes about 1.2 s.
MOST_ATOMS = 2000


class Generator(MappingGenerator):
    """Remove the bond with the highest betweenness until the graph has n_beads connected components.

    Beads are geometric centres; the seed has no effect.
    """

    reference = "M. Girvan, M. E. J. Newman, PNAS 99, 7821 (2002), as used for arXiv 2201.12176"

    def _generate(self, molecule: Molecule, n_beads: int, seed: int, positions: Positions | None) -> Mapping:
        if molecule.n_atoms > MOST_ATOMS:
            raise InputError(
                f"girvan_newman: the molecule has {molecule.n_atoms:,} atoms, and {MOST_ATOMS:,} are the "
                "most, because the time of a bead grows with the square of their number; use "
                "backbone, sequence or residue_com"
            )
        components = list(nx.connected_components(molecule.graph))
        if n_beads < len(components):
            raise InputError(
                f"girvan_newman at resolution {n_beads}: the molecule has {len(components)} connected "
                "components, and a bead cannot span two; ask for more beads or select one molecule"
            )
        levels = chain([components], nx.community.girvan_newman(molecule.graph))
        communities = next(level for level in levels if len(level) >= n_beads)
        return Mapping.centres(bead_index(communities, molecule.n_atoms))
