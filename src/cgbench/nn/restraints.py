"""Within which bounds dynamics keeps a molecule: distances of its atoms, and handedness of its centres."""

from itertools import combinations

import networkx as nx
import numpy as np
import torch
from torch import Tensor, nn

from cgbench.chem.molecule import Molecule
from cgbench.nn.pairs import distances_of

ONE_FOUR = 3  # bonds between 1-4 neighbours, whose distance bonds, angles and one torsion decide
APART = 3.0  # Å; atoms that are farther from each other than this are in nobody's way
WORKING_SET = 2**21  # distances measured at once


class Bounds(nn.Module):
    """Least and greatest distances of atoms, and volumes of tetrahedra, as training frames have them.

    A pair of atoms belongs to a kind. Up to three bonds apart it is a kind of its own, with both bounds.
    All other pairs of the same two elements are one kind, and are only kept from each other: a pair that
    never met in the frames may meet in others. The corners of a tetrahedron are an atom and three of
    its neighbours: the sign of its volume tells left from right, of hydrogens too, and a planar group has
    next to none.

    Before :meth:`measure` nothing is out of bounds.

    Parameters
    ----------
    molecule
        n atoms.

    Attributes
    ----------
    pairs : int [2, n_pairs]
        All pairs of atoms, the smaller index first.
    kind : int [n, n]
        Kind of each pair; the last one is that of an atom and itself.
    least, most : [n_kinds]
        Å.
    volume_range : [2, n_tetrahedra]
        Least and greatest volume of parallelepipeds that the corners span, Å³.
    """

    pairs: Tensor
    kind: Tensor
    is_far: Tensor
    corners: Tensor
    least: Tensor
    most: Tensor
    volume_range: Tensor

    def __init__(self, molecule: Molecule) -> None:
        super().__init__()
        n = molecule.n_atoms
        bonds_between = np.full((n, n), ONE_FOUR + 1)
        for atom, lengths in nx.all_pairs_shortest_path_length(molecule.graph, cutoff=ONE_FOUR):
            bonds_between[atom, list(lengths)] = list(lengths.values())
        pairs = np.stack(np.triu_indices(n, 1))
        between = bonds_between[*pairs]
        elements = np.sort(molecule.element_index[pairs], axis=0)
        labels = np.where(between <= ONE_FOUR, pairs, -1 - elements)  # indices of atoms, or below zero
        found, kind_of_pair = np.unique(labels, axis=1, return_inverse=True)
        n_kinds = found.shape[1] + 1
        kind = np.full((n, n), n_kinds - 1)
        kind[*pairs] = kind[*pairs[::-1]] = kind_of_pair.reshape(-1)
        corners = [
            (centre, *near) for centre in range(n) for near in combinations(sorted(molecule.graph[centre]), 3)
        ]
        for name, array in (
            ("pairs", pairs),
            ("kind", kind),
            ("is_far", np.append(found[0] < 0, False)),
            ("corners", np.array(corners, dtype=np.int64).reshape(-1, 4)),
        ):
            self.register_buffer(name, torch.as_tensor(array.copy()), persistent=False)
        self.register_buffer("least", torch.zeros(n_kinds))
        self.register_buffer("most", torch.full((n_kinds,), torch.inf))
        endless = torch.full((len(corners),), torch.inf)
        self.register_buffer("volume_range", torch.stack((-endless, endless)))

    @torch.no_grad()
    def measure(self, positions: Tensor) -> None:
        """Take the bounds from training frames [n_frames, n, 3] (Å)."""
        kind = self.kind[*self.pairs]
        self.least[:-1], self.most[:-1] = torch.inf, 0.0
        least, most = self.volume_range
        least.fill_(torch.inf)
        most.fill_(-torch.inf)
        for frames in positions.split(max(1, WORKING_SET // max(len(kind), 1))):
            distances = distances_of(self.pairs, frames)
            self.least.scatter_reduce_(0, kind, distances.amin(0), "amin")
            self.most.scatter_reduce_(0, kind, distances.amax(0), "amax")
            volumes, _ = self.volumes(frames)
            torch.minimum(least, volumes.amin(0), out=least)
            torch.maximum(most, volumes.amax(0), out=most)
        self.least[self.is_far] = self.least[self.is_far].clamp_max(APART)
        self.most[self.is_far] = torch.inf

    def distances(self) -> tuple[Tensor, Tensor]:
        """Least and greatest distance [n, n] of all pairs; of an atom and itself zero and infinity."""
        return self.least[self.kind], self.most[self.kind]

    def volumes(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Volumes [batch, n_tetrahedra] (Å³), and their slopes [batch, n_tetrahedra, 4, 3] by the corners."""
        places = positions.index_select(1, self.corners.flatten()).unflatten(1, self.corners.shape)
        a, b, c = (places[:, :, 1:] - places[:, :, :1]).unbind(2)
        of_a, of_b, of_c = torch.linalg.cross(b, c), torch.linalg.cross(c, a), torch.linalg.cross(a, b)
        return (a * of_a).sum(-1), torch.stack((-of_a - of_b - of_c, of_a, of_b, of_c), dim=2)
