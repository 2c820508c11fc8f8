"""Partitions of a molecule's atoms into connected groups."""

from collections.abc import Collection, Iterable, Sequence

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import IntArray

Group = frozenset[int]


def numbered(labels: NDArray[np.integer]) -> IntArray:
    """Renumber arbitrary labels [n_atoms] from 0, in the order of each label's lowest atom."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse], dtype=np.int64)


def bead_index(groups: Iterable[Collection[int]], n_atoms: int) -> IntArray:
    """Bead of each atom [n_atoms], from the atoms of each bead; beads in the order of their lowest atom."""
    labels = np.full(n_atoms, -1)
    for label, group in enumerate(groups):
        labels[list(group)] = label
    return numbered(labels)


def even_stretches(sizes: Sequence[int], n_stretches: int) -> list[range]:
    """Cut a sequence into contiguous, non-empty stretches of nearly equal total size.

    Minimises the sum of squared totals (dynamic programming, so the best cut, not a greedy one).

    Parameters
    ----------
    sizes
        Of the items in order; at least ``n_stretches`` items.
    """
    n_items = len(sizes)
    total = np.concatenate([[0], np.cumsum(sizes)])
    cost = np.full((n_stretches + 1, n_items + 1), np.inf)
    start = np.zeros((n_stretches + 1, n_items + 1), dtype=np.int64)
    cost[0, 0] = 0.0
    for k in range(1, n_stretches + 1):
        for end in range(k, n_items + 1):
            candidates = cost[k - 1, :end] + (total[end] - total[:end]) ** 2.0
            start[k, end] = int(candidates.argmin())
            cost[k, end] = candidates.min()
    stretches: list[range] = []
    end = n_items
    for k in range(n_stretches, 0, -1):
        stretches.append(range(int(start[k, end]), end))
        end = int(start[k, end])
    return stretches[::-1]


def split_largest(
    groups: Iterable[Group], graph: "nx.Graph[int]", heavy: NDArray[np.bool_], n: int
) -> list[Group]:
    """Split groups in two, the largest first, until there are ``n``; connected groups stay connected.

    Heavy atoms count before all atoms, so that hydrogens leave their heavy atom last.
    """

    def size(group: Collection[int]) -> tuple[int, int]:
        return int(heavy[list(group)].sum()), len(group)

    groups = list(groups)
    while len(groups) < n:
        largest = min(groups, key=lambda group: (tuple(-part for part in size(group)), min(group)))
        groups.remove(largest)
        tree = nx.bfs_tree(graph.subgraph(largest), min(largest)).to_undirected()
        halves = []
        for edge in tree.edges:
            without = tree.copy()
            without.remove_edge(*edge)
            halves.append(tuple(frozenset(part) for part in nx.connected_components(without)))
        # The most even cut; among equals the one that keeps the lowest atoms together.
        groups += max(halves, key=lambda pair: (*min(map(size, pair)), -min(max(pair, key=min))))
    return groups
