"""Contiguous beads along the backbone."""

import networkx as nx

from cgbench.chem.molecule import Molecule
from cgbench.mapping import _partition
from cgbench.mapping.base import Mapping, MappingGenerator, Positions

# Backbone atoms of a peptide; CH3 is the methyl carbon of a cap (ACE, NME).
BACKBONE_NAMES = frozenset({"CH3", "N", "CA", "C"})


class Generator(MappingGenerator):
    """Cut the backbone, with its side chains, into segments of nearly equal numbers of heavy atoms.

    The cuts minimise the sum of squared numbers of heavy atoms per bead. With more beads than
    backbone atoms, the largest beads are split as evenly as possible: first side chains, finally
    hydrogens. Every bead of a connected molecule is connected through bonds. In a molecule that is
    not a peptide, the longest shortest path takes the place of the backbone. Beads are geometric
    centres; the seed has no effect.
    """

    reference = "contiguous partition as in arXiv 2201.12176, appendix; cut evenly by heavy atoms"

    def _generate(self, molecule: Molecule, n_beads: int, seed: int, positions: Positions | None) -> Mapping:
        groups = backbone_groups(molecule)
        if n_beads <= len(groups):
            sizes = [int(molecule.heavy[list(group)].sum()) for group in groups]
            groups = [frozenset().union(*groups[s]) for s in _partition.even_segments(sizes, n_beads)]
        else:
            groups = _partition.split_largest(groups, molecule.graph, molecule.heavy, n_beads)
        return Mapping.centres(_partition.bead_index(groups, molecule.n_atoms))


def backbone_groups(molecule: Molecule) -> list[_partition.Group]:
    """Backbone atoms in chain order, each with the atoms that are nearest to it through bonds."""
    groups: list[_partition.Group] = []
    for component in sorted(nx.connected_components(molecule.graph), key=min):
        fragment = molecule.graph.subgraph(sorted(component))
        backbone = _backbone(fragment, molecule)
        cells = nx.voronoi_cells(fragment, backbone)
        groups += [frozenset(cells[atom]) for atom in backbone]
    return groups


def _backbone(graph: "nx.Graph[int]", molecule: Molecule) -> list[int]:
    """Backbone atoms of one connected component, from end to end, starting at the lower index."""
    heavy = [atom for atom in graph if molecule.heavy[atom]] or list(graph)
    named = graph.subgraph(atom for atom in heavy if molecule.atom_names[atom] in BACKBONE_NAMES)
    is_peptide = (
        len(named) > 1 and nx.is_connected(named) and any(molecule.atom_names[a] == "CA" for a in named)
    )
    skeleton = named if is_peptide else graph.subgraph(heavy)
    if not nx.is_connected(skeleton):  # heavy atoms joined through hydrogens only, as in diborane
        skeleton = graph
    reach = nx.eccentricity(skeleton)
    longest = max(reach.values())
    ends = [atom for atom in skeleton if reach[atom] == longest]
    path: list[int] = max(
        (path for end in ends for path in nx.single_source_shortest_path(skeleton, end).values()),
        key=lambda path: (len(path), -min(path[0], path[-1]), -path[0]),
    )
    return path
