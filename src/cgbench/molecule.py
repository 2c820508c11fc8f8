"""The molecule that a dataset's frames share: atoms, residues and covalent bonds."""

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from cgbench.errors import InputError

IntArray = NDArray[np.int64]

# Radii of the published bond rule d_ij < 1.3 (r_i + r_j), Å (arXiv 2201.12176, appendix).
COVALENT_RADII = {"H": 0.23, "C": 0.68, "N": 0.68, "O": 0.68, "S": 1.02}


@dataclass(frozen=True)
class Molecule:
    """Atoms and bonds, without coordinates.

    Attributes
    ----------
    elements, atom_names, residue_names
        One entry per atom.
    residue_index : int [n_atoms]
        Which residue an atom belongs to, counted from 0.
    masses : float [n_atoms]
        In dalton.
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

    @cached_property
    def graph(self) -> "nx.Graph[int]":
        """Bond graph: nodes are atom indices."""
        graph: nx.Graph[int] = nx.Graph()
        graph.add_nodes_from(range(self.n_atoms))
        graph.add_edges_from(map(tuple, self.bonds.tolist()))
        return graph

    @cached_property
    def angle_ends(self) -> IntArray:
        """Pairs [n_pairs, 2] of atoms two bonds apart (1-3 neighbours) that are not bonded."""
        bonded = set(map(tuple, self.bonds.tolist()))
        ends = {
            (min(i, k), max(i, k))
            for j in self.graph
            for i in self.graph[j]
            for k in self.graph[j]
            if i < k and (i, k) not in bonded
        }
        return np.array(sorted(ends), dtype=np.int64).reshape(-1, 2)

    @cached_property
    def covalent_radii(self) -> NDArray[np.float64]:
        """Radii [n_atoms] of the published bond rule, Å.

        Raises
        ------
        InputError
            For an element that the rule does not know.
        """
        unknown = sorted(set(self.elements) - COVALENT_RADII.keys())
        if unknown:
            raise InputError(
                f"no covalent radius for element(s) {', '.join(unknown)}; "
                f"add them to COVALENT_RADII in {__name__} (known: {', '.join(COVALENT_RADII)})"
            )
        return np.array([COVALENT_RADII[element] for element in self.elements])

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays that :meth:`from_arrays` turns back into the same molecule."""
        return {
            "elements": np.array(self.elements),
            "atom_names": np.array(self.atom_names),
            "residue_names": np.array(self.residue_names),
            "residue_index": self.residue_index,
            "masses": self.masses,
            "bonds": self.bonds,
        }

    @classmethod
    def from_arrays(cls, arrays: MappingABC[str, NDArray[Any]]) -> "Molecule":
        """Inverse of :meth:`to_arrays`."""
        return cls(
            elements=tuple(arrays["elements"].tolist()),
            atom_names=tuple(arrays["atom_names"].tolist()),
            residue_names=tuple(arrays["residue_names"].tolist()),
            residue_index=np.asarray(arrays["residue_index"], dtype=np.int64),
            masses=np.asarray(arrays["masses"], dtype=np.float64),
            bonds=np.asarray(arrays["bonds"], dtype=np.int64).reshape(-1, 2),
        )
