"""Bonds of a molecule that its topology lacks, or has where chains end, from the distances in its frames."""

from collections import Counter
from dataclasses import replace

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from cgbench.chem.bond_rule import BOND_FACTOR
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.pbc import LONGEST_BOND, Cell, close_pairs, distances
from cgbench.core.wording import counted, listed

N_FRAMES = 20  # evenly spaced frames; the median of a distance in them is that of a bond or not
# Lengths of bonds in units of r_i + r_j: between the elements with radii they are 0.81 (N≡N) to 1.20 (C–H),
# apart from H–H, and the bond rule ends at 1.3.
USUAL = (0.7, BOND_FACTOR)
LONGEST_POSSIBLE = 1.6  # (r_i + r_j); no bond is longer in any frame of MD
# Names of atoms at the ends of peptide chains. mdtraj also reads the oxygen OT of phosphates and the
# hydrogens HT1 to HT3 of N-methyl caps of CHARMM as such, and joins them to the backbone.
NAMES_OF_ENDS = ("H2", "H3", "OXT")
# Largest numbers of bonded atoms.
NEIGHBOURS = dict.fromkeys(("H", "F", "Cl", "Br", "I"), 1) | {"C": 4, "N": 4, "O": 3}
NEIGHBOURS |= dict.fromkeys(("Si", "P", "S", "Se"), 6)
NEIGHBOURS_IN_OXOACIDS = 6  # of Cl, Br and I that are bonded to oxygen
# Two atoms with a common neighbour are bonded in rings of three: their distance is below 1.15 (r_i + r_j)
# there. Without a bond, that of heavy atoms may be below 1.3 (r_i + r_j) (P-O-P, Si-O-Si, I-C-I).
RING_FACTOR = 1.15


def drop_ends_of_chains(
    molecule: Molecule, positions: NDArray[np.float32], cell: Cell = None
) -> tuple[Molecule, str]:
    """Drop the bonds that readers add at ends of chains which are none, or where they see no end.

    Formats without chains have no end of a chain, and PDB files may lack the TER record there: the bond to
    the next residue is dropped. Within a residue, atoms may have names of those that end a chain. Nothing is
    dropped if another bond is too long as well, because then molecules are broken, or atoms in another
    order.

    Returns
    -------
    molecule
        With the remaining bonds.
    note
        Bonds that were dropped; empty if there are none.
    """
    positions, cell = sampled(positions, cell)
    lengths = distances(positions, molecule.bonds, cell)
    is_long = lengths > LONGEST_BOND
    residues = molecule.residue_index[molecule.bonds]
    between = is_long.all(axis=0) & (residues[:, 0] != residues[:, 1])
    limits = LONGEST_POSSIBLE * molecule.covalent_radii[molecule.bonds].sum(axis=1)
    impossible = (lengths > limits).all(axis=0)
    within = impossible & _named_as_ends(molecule)
    wrong = between | within
    if not wrong.any() or (is_long.any(axis=0) | impossible)[~wrong].any():
        return molecule, ""
    notes = []
    if between.any():
        notes.append(
            f"{counted(between.sum(), 'bond')} between residues longer than {LONGEST_BOND:g} Å in all of "
            f"{counted(len(positions), 'frame')} dropped as ends of chains, or gaps of missing residues: "
            f"{listed(_names(molecule, molecule.bonds[between]))}; a TER record says so in a PDB file"
        )
    if within.any():
        notes.append(
            f"{counted(within.sum(), 'bond')} dropped that only the names of atoms say, which are those of "
            f"an end of a chain: {listed(_names(molecule, molecule.bonds[within]))}"
        )
    return replace(molecule, bonds=molecule.bonds[~wrong]), "; ".join(notes)


def _named_as_ends(molecule: Molecule) -> NDArray[np.bool_]:
    """Mask [n_bonds] of bonds within a residue to an atom with the name of one at the end of a chain."""
    atoms = list(zip(molecule.residue_index.tolist(), molecule.atom_names, strict=True))
    # HT1 becomes H, so that two atoms of a residue have this name.
    times = Counter(atom for atom in atoms if atom[1] == "H")
    ends = np.array([atom[1] in NAMES_OF_ENDS or times[atom] > 1 for atom in atoms])
    residues = molecule.residue_index[molecule.bonds]
    return np.asarray(ends[molecule.bonds].any(axis=1) & (residues[:, 0] == residues[:, 1]))


def add_missing_bonds(
    molecule: Molecule, positions: NDArray[np.float32], cell: Cell = None
) -> tuple[Molecule, str]:
    """Add the bonds that follow from distances to atoms that can have more.

    Few formats hold disulphides, ring closures of cyclic peptides, and bonds of residues that are no
    standard ones. Nothing is added if the bonds of the topology do not have the lengths of bonds, because
    positions in another unit say nothing about bonds.

    Returns
    -------
    molecule
        With all bonds.
    note
        Bonds that were added, and the number of connected components; empty if nothing is missing.
    """
    positions, cell = sampled(positions, cell)
    known = distances(positions, molecule.bonds, cell) / molecule.covalent_radii[molecule.bonds].sum(axis=1)
    if known.size and not USUAL[0] < np.median(known) < USUAL[1]:
        return molecule, ""
    added = _missing_bonds(molecule, positions, cell)
    bonds = np.concatenate([molecule.bonds, added])
    completed = replace(molecule, bonds=bonds[np.lexsort((bonds[:, 1], bonds[:, 0]))])
    before, after = (nx.number_connected_components(each.graph) for each in (molecule, completed))
    if not len(added) and after == 1:
        return molecule, ""
    has = f"the topology has {counted(len(molecule.bonds), 'bond')} and {_components(before)}"
    if not len(added):
        return molecule, f"{has}; distances show no further bond"
    names = listed(_names(molecule, added))
    return completed, (
        f"{has}; {counted(len(added), 'bond')} added by distance (median of frames < {BOND_FACTOR} "
        f"(r_i + r_j)), which gives {_components(after)}: {names}"
    )


def sampled(positions: NDArray[np.float32], cell: Cell) -> tuple[NDArray[np.float32], Cell]:
    """Positions and cells of at most 20 evenly spaced frames."""
    rows = np.linspace(0, len(positions) - 1, min(N_FRAMES, len(positions))).astype(np.int64)
    return positions[rows], None if cell is None else cell[rows]


def _missing_bonds(molecule: Molecule, positions: NDArray[np.float32], cell: Cell) -> IntArray:
    """Bonds [n_added, 2] that frames [n_frames, n_atoms, 3] show, beside those of the topology.

    The bonds that are shortest for their atoms come first, and an atom takes no more than it can have.
    """
    radii = molecule.covalent_radii
    n_neighbours = np.bincount(molecule.bonds.ravel(), minlength=molecule.n_atoms)
    is_halogen = np.isin(molecule.elements, ["Cl", "Br", "I"])
    most = np.array([NEIGHBOURS[element] for element in molecule.elements])
    open_atoms = np.flatnonzero((n_neighbours < most) | is_halogen)
    found = [
        open_atoms[
            close_pairs(
                frame[open_atoms], BOND_FACTOR * radii[open_atoms], None if cell is None else cell[row]
            )
        ]
        for row, frame in enumerate(positions)
    ]
    pairs = np.unique(np.concatenate(found), axis=0)
    ratios = np.median(distances(positions, pairs, cell), axis=0) / radii[pairs].sum(axis=1)
    is_oxygen = np.array(molecule.elements) == "O"
    for i, j in (pairs.T, pairs.T[::-1]):
        most[i[is_halogen[i] & is_oxygen[j]]] = NEIGHBOURS_IN_OXOACIDS
    neighbours: list[set[int]] = [set(molecule.graph[atom]) for atom in range(molecule.n_atoms)]
    added = []
    for row in np.argsort(ratios, kind="stable").tolist():
        i, j = pairs[row].tolist()
        largest = RING_FACTOR if neighbours[i] & neighbours[j] else BOND_FACTOR
        has_room = len(neighbours[i]) < most[i] and len(neighbours[j]) < most[j]
        if ratios[row] < largest and has_room and j not in neighbours[i]:
            neighbours[i].add(j)
            neighbours[j].add(i)
            added.append((i, j))
    return np.array(sorted(added), dtype=np.int64).reshape(-1, 2)


def _names(molecule: Molecule, bonds: IntArray) -> list[str]:
    return [f"{molecule.label(i)}–{molecule.label(j)}" for i, j in bonds.tolist()]


def _components(number: int) -> str:
    return "one connected component" if number == 1 else counted(number, "connected component")
