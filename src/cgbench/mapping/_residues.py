"""Beads of one or two per residue."""

from typing import NamedTuple

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import Molecule
from cgbench.mapping._partition import bead_index
from cgbench.mapping.base import Mapping


class Bead(NamedTuple):
    """A bead: its name, its atoms, and their weights [n_atoms_of_bead], relative to each other."""

    name: str
    atoms: list[int]
    weights: NDArray[np.floating]


def residues(molecule: Molecule) -> list[list[int]]:
    """Atoms of each residue."""
    return [np.flatnonzero(molecule.residue_index == k).tolist() for k in np.unique(molecule.residue_index)]


def mapping_of(beads: list[Bead], molecule: Molecule) -> Mapping:
    """Return the mapping, with beads in the order of their lowest atoms."""
    beads = sorted(beads, key=lambda bead: min(bead.atoms))
    weights = np.zeros(molecule.n_atoms)
    for bead in beads:
        weights[bead.atoms] = bead.weights / bead.weights.sum()
    index = bead_index([bead.atoms for bead in beads], molecule.n_atoms)
    return Mapping(index, weights, bead_names=tuple(bead.name for bead in beads))


def site_bead(molecule: Molecule, atoms: list[int]) -> Bead:
    """Bead of some atoms at their Cα, without one at a methyl carbon, without one at the first heavy atom."""
    rules = (
        lambda atom: molecule.elements[atom] == "C" and molecule.atom_names[atom] == "CA",
        lambda atom: (
            molecule.elements[atom] == "C" and (~molecule.heavy[list(molecule.graph[atom])]).sum() == 3
        ),
        lambda atom: molecule.heavy[atom],
        lambda atom: True,
    )
    site = next(atom for rule in rules for atom in atoms if rule(atom))
    return Bead(molecule.atom_names[site], atoms, np.equal(atoms, site).astype(np.float64))


def side_chain(molecule: Molecule, atoms: list[int]) -> list[int]:
    """Atoms of the side chain of a residue; none without Cα, and in glycine.

    These are the groups with a heavy atom that is bonded to the Cα, without its N and C.
    """
    names = {molecule.atom_names[atom]: atom for atom in atoms}
    if "CA" not in names:
        return []
    rest = molecule.graph.subgraph(set(atoms) - {names[name] for name in ("N", "CA", "C") if name in names})
    near = [atom for atom in molecule.graph[names["CA"]] if atom in rest and molecule.heavy[atom]]
    return sorted(set().union(*(nx.node_connected_component(rest, atom) for atom in near)))
