"""Distance and volume restraints of a molecule, fitted to MD frames."""

from itertools import combinations

import networkx as nx
import numpy as np
import torch
from torch import Tensor, nn

from cgbench.chem.molecule import Molecule
from cgbench.nn.radial import selected_distances

ONE_FOUR = 3  # bonds between 1-4 neighbours
MAX_CONTACT = 3.0  # Å, upper limit of the lower distance bound of non-bonded pairs
WORKING_SET = 2**21  # distances computed at once


class Restraints(nn.Module):
    """Ranges of atom distances and tetrahedron volumes in the training frames.

    Pairs up to three bonds apart each have a lower and an upper bound of their own. All other pairs of the
    same two elements share one lower bound, because pairs without contact in the frames may come into contact
    in others. A tetrahedron consists of an atom and three of its neighbours. The sign of its volume is the
    chirality, including that of prochiral hydrogens; the volume of planar groups is close to zero.

    Before :meth:`fit` all ranges are infinite.

    Parameters
    ----------
    molecule
        Topology with n atoms.

    Attributes
    ----------
    pairs : int [2, n_pairs]
        All pairs of atoms, the smaller index first.
    kind : int [n, n]
        Type of each pair; the last type is an atom with itself.
    corners : int [n_tetrahedra, 4]
        Central atom and three neighbours.
    least, most : [n_kinds]
        Å.
    volume_range : [2, n_tetrahedra]
        Smallest and largest signed volume of the parallelepiped spanned by the corners, Å³.
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
        elements = np.sort(molecule.element_index[pairs], axis=0)
        # Near pairs are labelled by their atoms, far pairs by their elements as negative numbers.
        labels = np.where(bonds_between[*pairs] <= ONE_FOUR, pairs, -1 - elements)
        unique, kind_of_pair = np.unique(labels, axis=1, return_inverse=True)
        n_kinds = unique.shape[1] + 1
        kind = np.full((n, n), n_kinds - 1)
        kind[*pairs] = kind[*pairs[::-1]] = kind_of_pair.reshape(-1)
        corners = [
            (centre, *near) for centre in range(n) for near in combinations(sorted(molecule.graph[centre]), 3)
        ]
        for name, array in (
            ("pairs", pairs),
            ("kind", kind),
            ("is_far", np.append(unique[0] < 0, False)),
            ("corners", np.array(corners, dtype=np.int64).reshape(-1, 4)),
        ):
            self.register_buffer(name, torch.as_tensor(array.copy()), persistent=False)
        self.register_buffer("least", torch.zeros(n_kinds))
        self.register_buffer("most", torch.full((n_kinds,), torch.inf))
        infinite = torch.full((len(corners),), torch.inf)
        self.register_buffer("volume_range", torch.stack((-infinite, infinite)))

    @torch.no_grad()
    def fit(self, positions: Tensor) -> None:
        """Set all ranges to those of training frames [n_frames, n, 3] (Å)."""
        kind = self.kind[*self.pairs]
        self.least[:-1], self.most[:-1] = torch.inf, 0.0
        smallest, largest = self.volume_range
        smallest.fill_(torch.inf)
        largest.fill_(-torch.inf)
        for frames in positions.split(max(1, WORKING_SET // max(len(kind), 1))):
            distances = selected_distances(self.pairs, frames)
            self.least.scatter_reduce_(0, kind, distances.amin(0), "amin")
            self.most.scatter_reduce_(0, kind, distances.amax(0), "amax")
            volumes, _ = self.volumes(frames)
            torch.minimum(smallest, volumes.amin(0), out=smallest)
            torch.maximum(largest, volumes.amax(0), out=largest)
        self.least[self.is_far] = self.least[self.is_far].clamp_max(MAX_CONTACT)
        self.most[self.is_far] = torch.inf

    def distance_bounds(self) -> tuple[Tensor, Tensor]:
        """Return lower and upper bounds [n, n] of all distances (Å); zero and infinity on the diagonal."""
        return self.least[self.kind], self.most[self.kind]

    def volumes(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Compute signed volumes and their gradients with respect to the corners.

        Parameters
        ----------
        positions : [batch, n, 3]
            Å.

        Returns
        -------
        volumes : [batch, n_tetrahedra]
            Å³.
        gradients : [batch, n_tetrahedra, 4, 3]
            Å².
        """
        places = positions.index_select(1, self.corners.flatten()).unflatten(1, self.corners.shape)
        a, b, c = (places[:, :, 1:] - places[:, :, :1]).unbind(2)
        grad_a, grad_b, grad_c = torch.linalg.cross(b, c), torch.linalg.cross(c, a), torch.linalg.cross(a, b)
        gradients = torch.stack((-grad_a - grad_b - grad_c, grad_a, grad_b, grad_c), dim=2)
        return (a * grad_a).sum(-1), gradients
