"""Equivalent atoms: permutations of atoms that leave a molecule as it is, such as the turn of a methyl group.

A permutation counts if it keeps elements and bonds and inverts no atom with four neighbours, so that
rotations about bonds and inversions of atoms with three neighbours can bring it about (H. C.
Longuet-Higgins, Mol. Phys. 6, 445, 1963): a turn of CH3 or NH3+ by 120°, a flip of a phenyl ring, an exchange
of the oxygens of a carboxylate or of the nitrogens of a guanidinium group. The hydrogens of CH2 and the
methyl groups of valine and leucine are not equivalent, because their exchange would invert a carbon.
Molecules have no bond orders, so rotations about double and amide bonds count as well.
"""

from collections.abc import Sequence
from itertools import islice
from typing import Any

import networkx as nx
import numpy as np
from array_api_compat import array_namespace, device
from networkx.algorithms.isomorphism import GraphMatcher, categorical_node_match
from numpy.typing import NDArray

from cgbench.chem.geometry import Array, chiral_volumes
from cgbench.chem.molecule import IntArray, Molecule

# Beyond these, atoms that only an exchange of large parts of the molecule makes equivalent are told apart.
MOST_ATOMS, MOST_PERMUTATIONS = 100, 5000


def equivalent_atoms(molecule: Molecule, positions: NDArray[np.floating]) -> tuple[IntArray, ...]:
    """Permutations of equivalent atoms, in groups that are independent of each other.

    Every combination of one permutation from each group leaves the molecule as it is. Parts that move
    together, such as a ring and its hydrogens, are in one group.

    Parameters
    ----------
    positions : [n_atoms, 3]
        Any geometry of the molecule with its chirality.

    Returns
    -------
    tuple of int [n_permutations, n_atoms of the group]
        The first row has the atoms in order; the others have the atoms that take their places.
    """
    degrees = np.bincount(molecule.bonds.ravel(), minlength=molecule.n_atoms)
    centres = [sorted(molecule.graph[atom]) for atom in np.flatnonzero(degrees == 4).tolist()]
    tetrahedra = np.array(centres, dtype=np.int64).reshape(-1, 4)
    classes = _refined(molecule, molecule.element_index)
    waiting, groups = _parts(molecule, tetrahedra, classes), []
    while waiting:
        atoms = waiting.pop()
        if (
            len(atoms) > MOST_ATOMS
            or len(permutations := _automorphisms(molecule, classes, atoms)) > MOST_PERMUTATIONS
        ):
            alike = classes == classes[atoms[degrees[atoms].argmax()]]
            apart = np.where(alike, classes.max() + 1 + np.arange(len(classes)), classes)
            classes = _refined(molecule, apart)
            waiting += [part for part in _parts(molecule, tetrahedra, classes) if part[0] in atoms]
            continue
        permutations = permutations[_keep_chirality(permutations, atoms, tetrahedra, positions)]
        orbits = np.arange(molecule.n_atoms)
        orbits[atoms] = permutations.min(axis=0)
        groups += [
            np.unique(permutations[:, np.searchsorted(atoms, part)], axis=0)
            for part in _parts(molecule, tetrahedra, orbits)
        ]
    return tuple(sorted(groups, key=lambda group: int(group[0, 0])))


def among_atoms(groups: Sequence[IntArray], atoms: IntArray) -> tuple[IntArray, ...]:
    """Permutations of some of the atoms [n] (sorted indices) among themselves, as indices of these atoms."""
    parts = [group[:, np.isin(group[0], atoms)] for group in groups]
    closed = [part for part in parts if np.isin(part, atoms).all()]
    unique = [np.unique(np.searchsorted(atoms, part), axis=0) for part in closed]
    return tuple(part for part in unique if len(part) > 1)


def reduction_of_squares(first: Array, second: Array, groups: Sequence[IntArray]) -> Array:
    """How far permutations of equivalent atoms reduce the sum of squared distances of atoms.

    No superposition is involved, so the best permutation of each group is found by itself, and the result is
    exact: the minimum over all combinations.

    Parameters
    ----------
    first : [n_frames, n, n_atoms, 3]
        Geometries, compared with each geometry of the same frame in ``second``.
    second : [n_frames, m, n_atoms, 3]
        Geometries of which the atoms are permuted.
    groups
        From :func:`equivalent_atoms`.

    Returns
    -------
    float64 [n_frames, n, m]
        Σ|x_i − y_i|² minus the lowest Σ|x_i − y_π(i)|², in the unit of the positions squared.
    """
    xp = array_namespace(first, second)
    shape = first.shape[0], first.shape[1], second.shape[1]
    total: Array = xp.zeros(shape, dtype=xp.float64, device=device(first))

    def flat(positions: Any, atoms: IntArray) -> Any:
        chosen = positions[..., xp.asarray(atoms, device=device(first)), :]
        return xp.reshape(xp.astype(chosen, xp.float64), (*positions.shape[:2], 3 * len(atoms)))

    for group in groups:
        ordered, *others = group
        # Squares of coordinates cancel, as every atom of the group occurs once, and 2 Σ x_i · (y_π(i) − y_i)
        # remains.
        x, y = flat(first, ordered), flat(second, ordered)
        largest = xp.zeros_like(total)
        for order in others:
            gain = x @ xp.matrix_transpose(flat(second, order) - y)
            largest = xp.maximum(largest, gain)
        total = total + 2.0 * largest
    return total


def _refined(molecule: Molecule, classes: IntArray) -> IntArray:
    """Divide classes of atoms [n_atoms] by the classes of their neighbours, until nothing changes."""
    neighbours = [sorted(molecule.graph[atom]) for atom in range(molecule.n_atoms)]
    widest = max(map(len, neighbours), default=0)
    none = molecule.n_atoms  # stands for a neighbour that is missing
    table = np.array([row + [none] * (widest - len(row)) for row in neighbours], dtype=np.int64)
    n_classes = 0
    while True:
        _, classes = np.unique(classes, axis=0, return_inverse=True)
        classes = classes.ravel()
        if classes.max(initial=-1) + 1 == n_classes:
            return classes
        n_classes = classes.max(initial=-1) + 1
        around = np.sort(np.append(classes, -1)[table], axis=1)
        classes = np.column_stack([classes, around])


def _parts(molecule: Molecule, tetrahedra: IntArray, classes: IntArray) -> list[IntArray]:
    """Atoms that are not alone in their class, divided into sets whose permutations are independent.

    Atoms of one class, bonded atoms and neighbours of an atom with four neighbours are in one set.
    """
    shared = np.bincount(classes, minlength=1)[classes] > 1
    linked = nx.Graph(molecule.graph.subgraph(np.flatnonzero(shared).tolist()))
    first_of_class: dict[int, int] = {}
    for atom in np.flatnonzero(shared).tolist():
        linked.add_edge(first_of_class.setdefault(int(classes[atom]), atom), atom)
    for neighbours in tetrahedra[shared[tetrahedra].sum(axis=1) > 1]:
        nx.add_path(linked, neighbours[shared[neighbours]].tolist())
    return [np.array(sorted(part)) for part in nx.connected_components(linked)]


def _automorphisms(molecule: Molecule, classes: IntArray, atoms: IntArray) -> IntArray:
    """Permutations [n, n_atoms of the set] that keep classes and bonds; at most one more than is allowed."""
    graph = nx.Graph(molecule.graph.subgraph(atoms.tolist()))
    nx.set_node_attributes(graph, dict(zip(atoms.tolist(), classes[atoms].tolist(), strict=True)), "class")
    matcher = GraphMatcher(graph, graph, node_match=categorical_node_match("class", None))
    found = islice(matcher.isomorphisms_iter(), MOST_PERMUTATIONS + 1)
    return np.array([[images[atom] for atom in atoms.tolist()] for images in found], dtype=np.int64)


def _keep_chirality(
    permutations: IntArray, atoms: IntArray, tetrahedra: IntArray, positions: NDArray[np.floating]
) -> NDArray[np.bool_]:
    """Whether permutations [n, n_atoms of the set] invert no atom with four neighbours."""
    corners = tetrahedra[np.isin(tetrahedra, atoms).any(axis=1)]
    column = np.searchsorted(atoms, corners).clip(max=len(atoms) - 1)
    images = np.where(np.isin(corners, atoms), permutations[:, column], corners)
    before = np.sign(chiral_volumes(positions, corners))
    after = np.sign(chiral_volumes(positions, images.reshape(-1, 4))).reshape(len(permutations), -1)
    return np.asarray((after == before).all(axis=1))
