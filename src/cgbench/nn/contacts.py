"""Shortest distances between atoms that are not bonded, and the pairs of atoms that are near them."""

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from cgbench.chem.molecule import IntArray, Molecule
from cgbench.nn.pair_search import pairs_within

QUANTILE = 0.02  # of contacts, below which they are too close
WITHIN = 4.0  # Å; pairs that are nearer count as contacts
MAX_CONTACT = 3.2  # Å, upper limit of the shortest distance
SKIN = 0.8  # Å; a list of near pairs is valid until an atom has moved by half of it
CHUNK = 64  # frames searched at once


class ContactDistances(nn.Module):
    """Lower quantile of the distances between two types of atoms in contact, in training frames.

    Atoms more than three bonds apart and nearer than 4 Å are in contact. The type of a hydrogen is the
    element that it is bonded to, that of another atom its element and its number of bonds.

    Before :meth:`fit` all distances are 0.

    Parameters
    ----------
    molecule
        Topology with n atoms.
    near : int [2, n_near]
        Pairs of atoms up to three bonds apart, the smaller index first.
    quantile
        Share of the contacts of training frames that are closer.

    Attributes
    ----------
    kind : int [n]
        Type of each atom.
    shortest : [n_kinds, n_kinds]
        Å.
    """

    kind: Tensor
    shortest: Tensor

    def __init__(self, molecule: Molecule, near: IntArray, quantile: float = QUANTILE) -> None:
        super().__init__()
        graph, elements = molecule.graph, molecule.elements
        labels = [
            f"H-{elements[min(graph[atom], default=atom)]}"
            if element == "H"
            else f"{element}{graph.degree[atom]}"
            for atom, element in enumerate(elements)
        ]
        names, kind = np.unique(labels, return_inverse=True)
        self.n_atoms, self.quantile = molecule.n_atoms, quantile
        # A row of places for each atom i, in which the atom j of a pair has the place j modulo the width.
        self.width = 16
        while len(np.unique(near[0] * self.width + near[1] % self.width)) < near.shape[1]:
            self.width *= 2
        self.near = np.full(self.n_atoms * self.width, -1)
        self.near[near[0] * self.width + near[1] % self.width] = near[1]
        self.register_buffer("kind", torch.as_tensor(kind), persistent=False)
        self.register_buffer("shortest", torch.zeros(len(names), len(names)))

    @torch.no_grad()
    def fit(self, positions: Tensor) -> None:
        """Set the distances to those of training frames [n, 3, n_frames] (Å)."""
        n_kinds = len(self.shortest)
        found: list[list[np.ndarray]] = [[] for _ in range(n_kinds**2)]
        kind = self.kind.cpu().numpy()
        for frames in positions.split(CHUNK, dim=2):
            i, j, _, distances = self.pairs_within(frames, WITHIN)
            types = np.minimum(kind[i], kind[j]) * n_kinds + np.maximum(kind[i], kind[j])
            order = np.argsort(types, kind="stable")
            ends = np.searchsorted(types[order], np.arange(n_kinds**2 + 1))
            for number, (start, end) in enumerate(pairwise(ends)):
                found[number].append(distances[order[start:end]])
        # Types that were never in contact keep a distance that contacts of any type have.
        quantiles = [
            min(float(np.quantile(values, self.quantile)), MAX_CONTACT) if len(values) else MAX_CONTACT
            for values in map(np.concatenate, found)
        ]
        table = torch.as_tensor(quantiles).reshape(n_kinds, n_kinds).triu()
        self.shortest.copy_(torch.maximum(table, table.mT))

    def pairs_within(
        self, positions: Tensor, cutoff: float
    ) -> tuple[IntArray, IntArray, IntArray, np.ndarray]:
        """Find atoms more than three bonds apart that are nearer than ``cutoff`` (Å), in linear time.

        Parameters
        ----------
        positions : [n, 3, batch]
            Å.

        Returns
        -------
        i, j, geometry : int [n_found]
            The two atoms, the smaller index first, and the geometry in which they are near.
        distances : [n_found]
            Å.
        """
        pairs, points = pairs_within(positions.permute(2, 0, 1).double().cpu().numpy(), cutoff)
        first, second = np.ascontiguousarray(pairs.T)
        geometry = first // self.n_atoms
        i, j = first - self.n_atoms * geometry, second - self.n_atoms * geometry
        kept = np.flatnonzero(self.near[i * self.width + j % self.width] != j)
        vectors = points.take(first[kept], 0) - points.take(second[kept], 0)
        x, y, z = np.square(vectors).T  # summed in columns, which is faster than over the rows
        return i[kept], j[kept], geometry[kept], np.sqrt(x + y + z)


class NearPairs:
    """Pairs of atoms in contact, or soon, in some geometries.

    Those of a geometry are searched again when one of its atoms has moved by half of the skin.

    Parameters
    ----------
    contacts
        Shortest distances.
    positions : [n, 3, batch]
        The geometries, Å.
    """

    def __init__(self, contacts: ContactDistances, positions: Tensor) -> None:
        self.contacts = contacts
        self.origin = torch.full_like(positions, torch.inf)
        # Both atoms and the geometry of each pair, and its shortest distance.
        self.pairs = torch.zeros(3, 0, dtype=torch.int64, device=positions.device)
        self.limits = positions.new_zeros(0)
        self.update(positions)

    def select(self, kept: Tensor) -> None:
        """Keep some of the geometries, by their indices."""
        number = torch.full_like(self.origin[0, 0], -1, dtype=torch.int64)
        number[kept] = torch.arange(len(kept), device=kept.device)
        self.origin = self.origin.index_select(-1, kept)
        self.pairs[2] = number[self.pairs[2]]
        self._keep(self.pairs[2] >= 0)
        self._place()

    def _keep(self, kept: Tensor) -> None:
        """Keep some of the pairs."""
        index = kept.nonzero()[:, 0]
        self.pairs, self.limits = self.pairs.index_select(1, index), self.limits.index_select(0, index)

    def update(self, positions: Tensor) -> None:
        """Search the pairs of geometries [n, 3, batch] in which an atom has moved by half of the skin."""
        farthest = (positions - self.origin).square().sum(1).amax(0).sqrt()
        if not (farthest > SKIN / 2).any():
            return
        # Those that will have to be searched soon, too, so that there are fewer searches.
        moved = farthest > SKIN / 8
        self.origin = torch.where(moved, positions, self.origin)
        self._keep(~moved[self.pairs[2]])
        shortest, kind = self.contacts.shortest, self.contacts.kind
        *atoms, distances = self.contacts.pairs_within(positions[..., moved], float(shortest.max()) + SKIN)
        i, j, geometry = (torch.as_tensor(each, device=positions.device) for each in atoms)
        limits = shortest.view(-1).index_select(0, kind[i] * len(shortest) + kind[j])
        near = (torch.as_tensor(distances, device=positions.device) < limits + SKIN).nonzero()[:, 0]
        found = torch.stack((i, j, moved.nonzero()[:, 0][geometry])).index_select(1, near)
        self.pairs = torch.cat((self.pairs, found), dim=1)
        self.limits = torch.cat((self.limits, limits.index_select(0, near).to(positions)))
        self._place()

    def _place(self) -> None:
        """Places of the coordinates [3 n_pairs] of atoms in the flat positions."""
        batch = self.origin.shape[2]
        axes = batch * torch.arange(3, device=self.pairs.device)[:, None]
        i, j, geometry = self.pairs
        self.place_i = (i * (3 * batch) + geometry + axes).view(-1)
        self.place_j = (j * (3 * batch) + geometry + axes).view(-1)

    def add_gradient(self, positions: Tensor, gradient: Tensor, weight: float) -> None:
        """Add the gradient of ½ weight Σ (limit − d)² over pairs with d < limit (Å) in place."""
        self.update(positions)
        flat = positions.view(-1)
        vectors = (flat.index_select(0, self.place_i) - flat.index_select(0, self.place_j)).view(3, -1)
        distances = vectors.square().sum(0).clamp_min_(1e-4).sqrt_()
        pull = weight * (1.0 - self.limits / distances).clamp_max_(0.0)
        forces = (pull * vectors).view(-1)
        flat_gradient = gradient.view(-1)
        flat_gradient.index_add_(0, self.place_i, forces)
        flat_gradient.index_add_(0, self.place_j, forces, alpha=-1)
