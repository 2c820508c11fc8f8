"""Contiguous beads along the backbone."""

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import Molecule
from cgbench.mapping import _partition
from cgbench.mapping.base import Mapping, MappingGenerator

# Atoms of the chain of a peptide; CH3 is the end of a cap (ACE, NME).
BACKBONE_NAMES = frozenset({"CH3", "N", "CA", "C"})


class Generator(MappingGenerator):
    """Stretches of the backbone with what hangs on them, nearly equal in heavy atoms.

    The backbone is walked from one end to the other and cut so that the squared numbers of heavy
    atoms per bead sum to the least. Beyond one bead per backbone atom, the largest beads are split
    where they fall apart most evenly: first side chains, at last hydrogens. Below that, beads are
    contiguous stretches; throughout, each bead of a connected molecule is connected. A molecule
    that is no peptide is walked along the longest of its shortest paths. Beads are geometric
    centres; the seed changes nothing.
    """

    reference = "contiguous partition as in arXiv 2201.12176, appendix; cut evenly by heavy atoms"

    def _generate(
        self, molecule: Molecule, n_beads: int, seed: int, positions: NDArray[np.float32] | None
    ) -> Mapping:
        groups = backbone_groups(molecule)
        if n_beads <= len(groups):
            sizes = [int(molecule.heavy[list(group)].sum()) for group in groups]
            stretches = _partition.even_stretches(sizes, n_beads)
            groups = [frozenset().union(*groups[s.start : s.stop]) for s in stretches]
        else:
            groups = _partition.split_largest(groups, molecule.graph, molecule.heavy, n_beads)
        return Mapping.centres(_partition.bead_index(groups, molecule.n_atoms))


def backbone_groups(molecule: Molecule) -> list[_partition.Group]:
    """Backbone atoms in chain order, each with the atoms that hang on it."""
    groups: list[_partition.Group] = []
    for component in sorted(nx.connected_components(molecule.graph), key=min):
        part = molecule.graph.subgraph(sorted(component))
        chain = _chain(part, molecule)
        owner = {atom: position for position, atom in enumerate(chain)}
        # Breadth first from the whole chain: an atom goes where the atom it was reached from went.
        for atom, neighbour in nx.bfs_edges(_rooted(part, chain), -1):
            if atom != -1:
                owner.setdefault(neighbour, owner[atom])
        groups += [frozenset(a for a in component if owner[a] == k) for k in range(len(chain))]
    return groups


def _rooted(graph: "nx.Graph[int]", chain: list[int]) -> "nx.Graph[int]":
    """Add a node -1 bonded to all of the chain."""
    rooted = nx.Graph(graph)
    rooted.add_edges_from((-1, atom) for atom in chain)
    return rooted


def _chain(graph: "nx.Graph[int]", molecule: Molecule) -> list[int]:
    """Backbone atoms of one connected piece, from end to end, beginning at the lower index."""
    heavy = [atom for atom in graph if molecule.heavy[atom]] or list(graph)
    named = graph.subgraph(atom for atom in heavy if molecule.atom_names[atom] in BACKBONE_NAMES)
    is_peptide = (
        len(named) > 1 and nx.is_connected(named) and any(molecule.atom_names[a] == "CA" for a in named)
    )
    skeleton = named if is_peptide else graph.subgraph(heavy)
    if not nx.is_connected(skeleton):  # heavy atoms joined through hydrogens only, as in diborane
        skeleton = graph
    chain: list[int] = max(
        (path for _, paths in nx.all_pairs_shortest_path(skeleton) for path in paths.values()),
        key=lambda path: (len(path), -min(path[0], path[-1]), -path[0]),
    )
    return chain
