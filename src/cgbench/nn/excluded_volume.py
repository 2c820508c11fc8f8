"""How far atoms of a geometry are inside each other, by what molecular dynamics never does."""

import networkx as nx
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cgbench.molecule import Molecule

FRAMES = 512  # on which least distances are measured
CHUNK = 16  # frames measured at once
ONE_FOUR = 3  # bonds between 1-4 neighbours, which come closer than others of their elements


class ExcludedVolume:
    """Least distances of atoms that are neither bonded nor 1-3 neighbours, and a penalty below them.

    A pair of atoms belongs to a kind: its two elements, and whether they are 1-4 neighbours or farther
    apart along the chain. The least distance of a kind is the smallest one in the frames: a pair that never
    met in them may still meet in other frames.

    Parameters
    ----------
    molecule
        n atoms.
    frames : [n_frames, n_atoms, 3]
        Of training, Å.
    """

    def __init__(self, molecule: Molecule, frames: NDArray[np.floating]) -> None:
        n = molecule.n_atoms
        near = dict(nx.all_pairs_shortest_path_length(molecule.graph, cutoff=ONE_FOUR))
        separation = np.full((n, n), ONE_FOUR + 1)
        for atom, lengths in near.items():
            separation[atom, list(lengths)] = list(lengths.values())
        first, second = np.nonzero(np.triu(separation >= ONE_FOUR))
        elements = np.sort(molecule.element_index[np.stack((first, second))], axis=0)
        kinds = np.stack((*elements, separation[first, second]))
        _, kind = np.unique(kinds, axis=1, return_inverse=True)
        self.pairs = torch.as_tensor(np.stack((first, second)))
        least = torch.full((int(kind.max(initial=-1)) + 1,), torch.inf)
        self.least = torch.zeros(len(first))
        chosen = np.asarray(frames[:: -(-len(frames) // FRAMES)], dtype=np.float32)
        kinds_of_pairs = torch.as_tensor(kind.reshape(-1))
        for part in torch.as_tensor(chosen).split(CHUNK):
            least.scatter_reduce_(0, kinds_of_pairs, self.distances(part).amin(0), "amin")
        self.least = least[kinds_of_pairs]
        self.n_atoms = n

    def to(self, device: str) -> "ExcludedVolume":
        """Move to ``"cpu"`` or ``"cuda"``, in place."""
        self.pairs, self.least = self.pairs.to(device), self.least.to(device)
        return self

    def distances(self, positions: Tensor) -> Tensor:
        """Distances [batch, n_pairs] of the pairs at positions [batch, n_atoms, 3]."""
        i, j = self.pairs
        return (positions[:, i] - positions[:, j]).square().sum(-1).add(1e-12).sqrt()

    def __call__(self, positions: Tensor) -> Tensor:
        """Penalty [batch], Å² per atom, of positions [batch, n_atoms, 3]."""
        return (self.least - self.distances(positions)).clamp_min(0.0).square().sum(1) / self.n_atoms
