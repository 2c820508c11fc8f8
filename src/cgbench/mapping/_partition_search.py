"""Search for the partition of atoms into beads with the lowest loss, by moving atoms or cutting bonds."""

import math
from collections.abc import Callable, Sequence

import networkx as nx
import numpy as np
import torch
from torch import Tensor

from cgbench.mapping._partition import bead_index, bridge_sides

# Loss [n] of partitions [n, n_atoms].
Loss = Callable[[Tensor], Tensor]


def sort_by(loss: Loss, partitions: Sequence[Tensor]) -> list[Tensor]:
    """Sort partitions [n_atoms] with equal numbers of beads by a loss."""
    return [partitions[k] for k in loss(torch.stack(list(partitions))).argsort(stable=True).tolist()]


def search(labels: Tensor, loss: Loss) -> Tensor:
    """Move single atoms to the bead with the lowest loss, in order, until none moves.

    ``labels`` [n_atoms] is the bead of each atom; no bead is empty or becomes empty.
    """
    n_beads = int(labels.max()) + 1
    lowest = loss(labels[None])[0]
    moved = True
    while moved:
        moved = False
        for atom in range(len(labels)):
            if (labels == labels[atom]).sum() == 1:
                continue
            candidates = labels.repeat(n_beads, 1)
            candidates[:, atom] = torch.arange(n_beads)
            losses = loss(candidates)
            # Only a gain beyond rounding counts, so that the search ends.
            if losses.min() < lowest * (1 - 1e-9):
                lowest, labels, moved = losses.min(), candidates[losses.argmin()], True
    return labels


def cut_bonds(graph: "nx.Graph[int]", n_beads: int, loss: Loss) -> list[Tensor]:
    """Search for the bonds that have to be cut to leave the beads with the lowest loss.

    Bonds are cut one by one, each the best choice. Then single cuts move to other bonds while that lowers
    the loss. Bonds of rings are never cut.

    Returns
    -------
    list of int [n_atoms]
        One partition into connected beads; none where that is impossible or cutting rings is necessary.
    """
    components = list(nx.connected_components(graph))
    sides = bridge_sides(graph)
    n_cuts = n_beads - len(components)
    if not 0 <= n_cuts <= len(sides):
        return []
    whole = bead_index(components, len(graph))

    def partition(cuts: list[int]) -> Tensor:
        # Atoms that are on the same side of every cut are in the same bead.
        _, labels = np.unique(np.vstack([whole, sides[cuts]]), axis=1, return_inverse=True)
        return torch.as_tensor(labels.ravel())

    def with_best(cuts: list[int]) -> tuple[float, list[int]]:
        longer = [[*cuts, cut] for cut in range(len(sides)) if cut not in cuts]
        losses = loss(torch.stack([partition(candidate) for candidate in longer]))
        return float(losses.min()), longer[int(losses.argmin())]

    cuts: list[int] = []
    lowest, unmoved = math.inf, 0
    while len(cuts) < n_cuts:
        lowest, cuts = with_best(cuts)
    while unmoved < n_cuts:  # the first cut is taken back and a cut is appended
        found, moved = with_best(cuts[1:])
        if found < lowest * (1 - 1e-9):
            lowest, cuts, unmoved = found, moved, 0
        else:
            cuts, unmoved = [*cuts[1:], cuts[0]], unmoved + 1
    return [partition(cuts)]
