"""Rings of the bond graph, and which of them are planar."""

import networkx as nx
import numpy as np

from cgbench.chem.molecule import IntArray, Molecule

LARGEST = 8  # atoms; larger rings are wide enough for a chain to pass
# Numbers of neighbours of an atom whose bonds lie in a plane. Carbon has exactly three, so that neither
# proline nor a ring without its hydrogens counts as planar.
PLANAR = {"C": {3}, "N": {2, 3}, "O": {2}, "S": {2}}


def rings(molecule: Molecule) -> tuple[IntArray, ...]:
    """Rings of 3 to 8 atoms, sorted; each has its atoms in the order of its bonds.

    A ring is a cycle of bonds of which only successive atoms are bonded: tryptophan has one of five and one
    of six atoms, but their common outline is none.
    """
    found = []
    for cycle in nx.chordless_cycles(molecule.graph, length_bound=LARGEST):
        start = cycle.index(min(cycle))
        ring = cycle[start:] + cycle[:start]
        found.append(ring if ring[1] < ring[-1] else [ring[0], *ring[:0:-1]])
    return tuple(np.array(ring, dtype=np.int64) for ring in sorted(found))


def planar_rings(molecule: Molecule) -> tuple[IntArray, ...]:
    """Rings of five or six atoms none of which is tetrahedral: those of Phe, Tyr, Trp and His."""
    degree, elements = molecule.graph.degree, molecule.elements
    return tuple(
        ring
        for ring in rings(molecule)
        if len(ring) in {5, 6}
        and all(degree[atom] in PLANAR.get(elements[atom], ()) for atom in ring.tolist())
    )
