"""Molecular topologies: atoms, residues and covalent bonds."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import combinations
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from cgbench.chem.bond_rule import BOND_FACTOR, COVALENT_RADII, LONGEST_DECIDED, VAN_DER_WAALS_RADII
from cgbench.core.errors import InputError
from cgbench.core.safe_io import require
from cgbench.core.wording import listed, selected

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Molecule:
    """Atoms and bonds, without coordinates.

    Attributes
    ----------
    elements, atom_names, residue_names
        One entry per atom.
    residue_index : int [n_atoms]
        Residue of each atom, counted from 0.
    masses : float [n_atoms]
        Dalton.
    bonds : int [n_bonds, 2]
        Covalent bonds, smaller index first, sorted.
    """

    elements: tuple[str, ...]
    atom_names: tuple[str, ...]
    residue_names: tuple[str, ...]
    residue_index: IntArray
    masses: NDArray[np.float64]
    bonds: IntArray

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.elements)

    @cached_property
    def heavy(self) -> NDArray[np.bool_]:
        """Mask [n_atoms] of the atoms that are not hydrogen."""
        return np.array([element != "H" for element in self.elements])

    def label(self, atom: int) -> str:
        """Residue, with its number counted from 1, and name of an atom, such as ``ALA2 CA``."""
        return f"{self.residue_names[atom]}{self.residue_index[atom] + 1} {self.atom_names[atom]}"

    @cached_property
    def element_index(self) -> IntArray:
        """Index [n_atoms] of each atom's element in the sorted elements of the molecule."""
        return np.unique(self.elements, return_inverse=True)[1]

    @cached_property
    def graph(self) -> "nx.Graph[int]":
        """Bond graph of atom indices."""
        graph: nx.Graph[int] = nx.Graph()
        graph.add_nodes_from(range(self.n_atoms))
        graph.add_edges_from(map(tuple, self.bonds.tolist()))
        return graph

    @cached_property
    def angles(self) -> IntArray:
        """Bond angles [n_angles, 3] with the central atom in the middle and the smaller end first."""
        triples = [(i, j, k) for j in self.graph for i, k in combinations(sorted(self.graph[j]), 2)]
        return np.array(sorted(triples), dtype=np.int64).reshape(-1, 3)

    @cached_property
    def angle_ends(self) -> IntArray:
        """Pairs [n_pairs, 2] of atoms two bonds apart (1-3 neighbours) that are not bonded."""
        ends = set(map(tuple, self.angles[:, [0, 2]].tolist())) - set(map(tuple, self.bonds.tolist()))
        return np.array(sorted(ends), dtype=np.int64).reshape(-1, 2)

    @cached_property
    def undecided_pairs(self) -> IntArray:
        """Pairs [n_pairs, 2] of 1-3 neighbours that no geometry is said to have as bonds.

        Their elements are so large (P and P, Si and Si, Br and Br, ...) that d < 1.3 (r_i + r_j) holds for
        the ends of a bond angle, too. Peptides have no such pair.
        """
        cutoffs = BOND_FACTOR * self.covalent_radii[self.angle_ends].sum(axis=1)
        return np.asarray(self.angle_ends[cutoffs > LONGEST_DECIDED])

    @cached_property
    def chiral_centres(self) -> IntArray:
        """N, CA, C and CB [n_centres, 4] of every residue that has all four."""
        residues: dict[int, dict[str, int]] = {}
        for atom, name in enumerate(self.atom_names):
            residues.setdefault(int(self.residue_index[atom]), {})[name] = atom
        names = ("N", "CA", "C", "CB")
        centres = [[atoms[name] for name in names] for atoms in residues.values() if atoms.keys() >= {*names}]
        return np.array(centres, dtype=np.int64).reshape(-1, 4)

    @cached_property
    def chiral_beta_carbons(self) -> IntArray:
        """CA, CB and the other two heavy neighbours of CB [n_centres, 4] of every residue with a chiral CB.

        CB is chiral if these two differ, by element or by their own heavy neighbours: OG1 and CG2 of
        threonine, CG1 and CG2 of isoleucine, but not CG1 and CG2 of valine. The larger one comes first, so
        that the chiral volumes of L-Thr (2S,3R) and L-Ile (2S,3S) are positive.
        """

        def heavy_neighbours(atom: int) -> list[int]:
            return [other for other in sorted(self.graph[atom]) if self.elements[other] != "H"]

        def size(atom: int) -> tuple[bool, int]:
            return self.elements[atom] != "C", len(heavy_neighbours(atom))

        centres = []
        for beta in (atom for atom, name in enumerate(self.atom_names) if name == "CB"):
            around = heavy_neighbours(beta)
            alpha = [atom for atom in around if self.atom_names[atom] == "CA"]
            others = sorted(set(around) - set(alpha), key=size, reverse=True)
            if len(alpha) == 1 and len(others) == 2 and size(others[0]) != size(others[1]):
                centres.append([*alpha, beta, *others])
        return np.array(centres, dtype=np.int64).reshape(-1, 4)

    @cached_property
    def covalent_radii(self) -> NDArray[np.float64]:
        """Radii [n_atoms] of the published bond rule, Å; an InputError names elements without one."""
        return self._radii(COVALENT_RADII)

    @cached_property
    def van_der_waals_radii(self) -> NDArray[np.float64]:
        """Van der Waals radii [n_atoms], Å; an InputError names elements without one."""
        return self._radii(VAN_DER_WAALS_RADII)

    def require_radii(self) -> None:
        """Check that every element has the radii that bonds and clashes are counted with.

        Raises
        ------
        InputError
            Naming the elements without radii.
        """
        _ = self.covalent_radii, self.van_der_waals_radii

    def _radii(self, table: dict[str, float]) -> NDArray[np.float64]:
        unknown = [atom for atom, element in enumerate(self.elements) if element not in table]
        if unknown:
            names = sorted({(self.residue_names[atom], self.atom_names[atom]) for atom in unknown})
            excluded = " or ".join(
                f"resname {selected(residue)} and name {selected(name)}" for residue, name in names
            )
            raise InputError(
                f"no radii for element(s) {', '.join(sorted({self.elements[atom] for atom in unknown}))} "
                f"({listed([self.label(atom) for atom in unknown])}); set `selection` of the dataset so that "
                f"it excludes such atoms, for example `not ({excluded})`, or add them to RADII in "
                f"cgbench.chem.bond_rule (known: {', '.join(table)})"
            )
        return np.array([table[element] for element in self.elements])

    def subset(self, atoms: IntArray) -> "Molecule":
        """Molecule of selected atoms [n] (sorted indices) with the bonds between them."""
        renumbered = np.full(self.n_atoms, -1)
        renumbered[atoms] = np.arange(len(atoms))
        bonds = renumbered[self.bonds]
        return Molecule(
            elements=tuple(self.elements[atom] for atom in atoms),
            atom_names=tuple(self.atom_names[atom] for atom in atoms),
            residue_names=tuple(self.residue_names[atom] for atom in atoms),
            residue_index=self.residue_index[atoms],
            masses=self.masses[atoms],
            bonds=bonds[(bonds >= 0).all(axis=1)],
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays from which :meth:`from_arrays` restores the molecule."""
        return {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Molecule":
        """Inverse of :meth:`to_arrays`.

        Raises
        ------
        KeyError, ValueError
            If an array is missing, or the arrays do not describe one molecule.
        """
        molecule = cls(
            elements=tuple(arrays["elements"].tolist()),
            atom_names=tuple(arrays["atom_names"].tolist()),
            residue_names=tuple(arrays["residue_names"].tolist()),
            residue_index=np.asarray(arrays["residue_index"], dtype=np.int64),
            masses=np.asarray(arrays["masses"], dtype=np.float64),
            bonds=np.asarray(arrays["bonds"], dtype=np.int64).reshape(-1, 2),
        )
        n_atoms, bonds = molecule.n_atoms, molecule.bonds
        for name in ("atom_names", "residue_names", "residue_index", "masses"):
            require(len(getattr(molecule, name)) == n_atoms, f"{name} of {n_atoms} atoms")
        for names in (molecule.elements, molecule.atom_names, molecule.residue_names):
            require(all(isinstance(name, str) for name in names), "names of elements, atoms and residues")
        require(((bonds >= 0) & (bonds < n_atoms)).all(), f"bonds between {n_atoms} atoms")
        return molecule
