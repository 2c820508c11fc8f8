"""Partitions of a molecule's atoms into connected groups."""

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cgbench.chem.molecule import IntArray

Group = frozenset[int]


def renumber(labels: NDArray[np.integer]) -> IntArray:
    """Renumber arbitrary labels [n_atoms] from 0, in the order of the lowest atom of each label."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse], dtype=np.int64)


def bead_index(groups: Iterable[Collection[int]], n_atoms: int) -> IntArray:
    """Bead of each atom [n_atoms], from the atoms of each bead; beads in the order of their lowest atom."""
    labels = np.full(n_atoms, -1)
    for label, group in enumerate(groups):
        labels[list(group)] = label
    return renumber(labels)


def even_segments(sizes: Sequence[int], n_segments: int) -> list[slice]:
    """Cut a sequence of items into contiguous, non-empty segments of nearly equal total size.

    Minimises the sum of squared totals by dynamic programming. ``sizes`` has at least ``n_segments`` items.
    """
    total = np.concatenate([[0], np.cumsum(sizes)])
    # Squared total [start, end] of a segment; infinite where it would be empty.
    square = np.where(np.tri(len(total), dtype=bool), np.inf, (total - total[:, None]) ** 2.0)
    cost = np.where(np.arange(len(total)) == 0, 0.0, np.inf)
    starts = []
    for _ in range(n_segments):
        candidates = cost[:, None] + square
        starts.append(candidates.argmin(axis=0))
        cost = candidates.min(axis=0)
    bounds = [len(sizes)]
    for start in reversed(starts):
        bounds.append(int(start[bounds[-1]]))
    return [slice(*pair) for pair in pairwise(reversed(bounds))]


def split_largest(
    groups: Iterable[Group], graph: "nx.Graph[int]", heavy: NDArray[np.bool_], n: int
) -> list[Group]:
    """Split groups in two, the largest first, until there are ``n``; connected groups stay connected.

    Size is the number of heavy atoms, then of all atoms, so hydrogens are split off last.
    """

    def size(group: Collection[int]) -> tuple[int, int]:
        return int(heavy[list(group)].sum()), len(group)

    groups = list(groups)
    while len(groups) < n:
        largest = max(groups, key=lambda group: (*size(group), -min(group)))
        groups.remove(largest)
        tree = nx.bfs_tree(graph.subgraph(largest), min(largest))
        branches = [frozenset({child, *nx.descendants(tree, child)}) for _, child in tree.edges]
        # The most even cut; among equals the one that keeps the lowest atoms together.
        branch = max(branches, key=lambda part: (*min(size(part), size(largest - part)), -min(part)))
        groups += [branch, largest - branch]
    return groups


def count_groups(labels: NDArray[np.integer], bonds: IntArray) -> IntArray:
    """Count the groups of atoms that bonds within beads connect, in each of several partitions.

    Parameters
    ----------
    labels : [n_partitions, n_atoms]
        Bead of each atom.
    bonds : [n_bonds, 2]

    Returns
    -------
    int [n_partitions]
        The number of beads if every bead is connected, otherwise more.
    """
    n_partitions, n_atoms = labels.shape
    which, bond = np.nonzero(labels[:, bonds[:, 0]] == labels[:, bonds[:, 1]])
    # One graph that holds every partition; its components are numbered in the order of their atoms.
    ends = tuple(which * n_atoms + bonds[bond].T)
    size = n_partitions * n_atoms
    _, group = connected_components(coo_array((np.ones(len(bond)), ends), (size, size)), directed=False)
    group = group.reshape(labels.shape)
    return np.asarray(group.max(axis=1) - group.min(axis=1) + 1, dtype=np.int64)


def bridge_sides(graph: "nx.Graph[int]") -> NDArray[np.bool_]:
    """Atoms [n_bridges, n_atoms] on one side of each bond that alone holds two parts of a molecule together.

    These are all bonds but those of rings.
    """
    edges = list(nx.dfs_edges(graph))
    bridges = {frozenset(bond) for bond in nx.bridges(graph)}
    below = np.eye(len(graph), dtype=bool)
    for parent, child in reversed(edges):  # every atom after all that are reached through it
        below[parent] |= below[child]
    kept = [child for parent, child in edges if {parent, child} in bridges]
    return below[kept]
