"""Periodic boundary conditions: nearest images in cells of any shape, and joined molecules."""

from itertools import permutations, product

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from cgbench.chem.geometry import CHUNK_BYTES, in_chunks, pair_distances
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.core.errors import InputError

LONGEST_BOND = 3.0  # Å; longer than any covalent bond and shorter than any unit cell
MOST_NEIGHBOURS = 60  # within 3.6 Å, where the bond rule of the largest atoms ends; liquids have 20
# Around the rounded translation, this first; the nearest image in a reduced cell is among them.
TRANSLATIONS = np.array(sorted(product(range(-2, 3), repeat=3), key=lambda n: sum(map(abs, n))), dtype=float)

Cell = NDArray[np.floating] | None


def nearest_translations(vectors: NDArray[np.floating], cell: NDArray[np.floating]) -> NDArray[np.float64]:
    """Multiples of the cell vectors which, added to vectors between atoms, make these shortest.

    Rounding of fractional coordinates is right for vectors shorter than half the distance between opposite
    faces of the cell. For the others, it is followed by a search of 125 translations.

    Parameters
    ----------
    vectors : [n_frames, n, 3]
        Å.
    cell : [n_frames, 3, 3]
        Vectors of the unit cell in rows, Å, of any shape; there is no translation along a vector of zeros.

    Returns
    -------
    [n_frames, n, 3]
        Whole numbers.
    """
    reduced, multiples = _reduced(np.asarray(cell, dtype=np.float64))
    # The pseudo-inverse is 0 along directions that are not periodic.
    inverse = np.linalg.pinv(reduced)
    translations = -np.rint(vectors @ inverse)
    rest = vectors + translations @ reduced
    frame, pair = np.nonzero(np.linalg.norm(rest, axis=-1) > _widths(inverse).min(axis=-1, keepdims=True) / 2)
    if len(frame):

        def best(rows: IntArray) -> NDArray[np.float64]:
            images = rest[frame[rows], pair[rows], None] + TRANSLATIONS @ reduced[frame[rows]]
            return np.asarray(TRANSLATIONS[np.square(images).sum(axis=-1).argmin(axis=-1)])

        bytes_per_row = 8 * TRANSLATIONS.size * reduced.itemsize
        translations[frame, pair] += in_chunks(best, np.arange(len(frame)), bytes_per_row)
    return np.asarray(translations @ multiples)


def distances(positions: NDArray[np.floating], pairs: IntArray, cell: Cell = None) -> NDArray[np.floating]:
    """Distances [n_frames, n_pairs], of nearest images if there is a unit cell.

    Parameters
    ----------
    positions : [n_frames, n_atoms, 3]
        Å.
    pairs : int [n_pairs, 2]
        Atoms.
    cell : [n_frames, 3, 3], optional
        Vectors of the unit cell in rows, Å.
    """
    vectors = positions[:, pairs[:, 1]].astype(np.float64) - positions[:, pairs[:, 0]]
    if cell is not None:
        vectors += nearest_translations(vectors, cell) @ cell
    return np.asarray(np.linalg.norm(vectors, axis=-1))


def close_pairs(positions: NDArray[np.floating], radii: NDArray[np.float64], cell: Cell = None) -> IntArray:
    """Pairs of atoms [n_pairs, 2], smaller index first, that are closer than the sum of their radii.

    Parameters
    ----------
    positions : [n_atoms, 3]
        Å.
    radii : [n_atoms]
        Å.
    cell : [3, 3], optional
        Vectors of the unit cell in rows, Å; any image of an atom counts.

    Raises
    ------
    InputError
        If there are more such pairs than in any molecule or liquid, or the cell is narrower than a bond.
    """
    from scipy.spatial import cKDTree  # import takes a second, and most commands read no trajectory

    if not len(positions):
        return np.empty((0, 2), dtype=np.int64)
    longest = 2.0 * radii.max()
    width = np.inf if cell is None else _widths(np.linalg.pinv(cell)).min()
    if width < longest:
        raise InputError(f"the unit cell is only {width:.3g} Å wide; correct it, or remove it from the file")
    points, atoms = _images(positions, cell, longest)
    tree = cKDTree(points)
    if tree.count_neighbors(tree, longest) > MOST_NEIGHBOURS * len(points):
        raise InputError(
            f"atoms have more than {MOST_NEIGHBOURS} neighbours within {longest:.3g} Å; the positions are "
            "not in Å, or frames are damaged"
        )
    near = tree.query_pairs(longest, output_type="ndarray")
    lengths = pair_distances(points, near)
    i, j = np.sort(atoms[near[lengths < radii[atoms[near]].sum(axis=1)]], axis=1).T
    keys = np.unique(i[i != j] * len(positions) + j[i != j])
    return np.stack(np.divmod(keys, len(positions)), axis=1)


def longest_bond(positions: NDArray[np.float32], bonds: IntArray) -> NDArray[np.floating]:
    """Length of the longest bond of each frame [n_frames], in the unit of the positions."""
    return in_chunks(
        lambda rows: pair_distances(rows, bonds).max(axis=1, initial=0.0),
        positions,
        bytes_per_row=4 * positions.itemsize * max(len(bonds), 1),
    )


def join_molecules(
    positions: NDArray[np.float32], cell: NDArray[np.floating], molecule: Molecule
) -> NDArray[np.float32]:
    """Move atoms [n_frames, n_atoms, 3] by cell vectors until every bond connects nearest images.

    Connected components of the bond graph other than the largest are moved to the image in which their
    atom that is closest to the largest component in the first frame is nearest to it.

    Parameters
    ----------
    positions : [n_frames, n_atoms, 3]
        Å.
    cell : [n_frames, 3, 3]
        Vectors of the unit cell in rows, Å.
    """
    graph = molecule.graph.copy()
    largest, *others = sorted(map(sorted, nx.connected_components(graph)), key=len, reverse=True)
    graph.add_edges_from(_nearest_pairs(positions[0], cell[0], largest, others))
    bonds = list(nx.bfs_edges(graph, largest[0]))
    depth = {largest[0]: 0}
    for parent, child in bonds:
        depth[child] = depth[parent] + 1
    parents, children = np.array(bonds, dtype=np.int64).reshape(-1, 2).T
    # Bonds at one depth of the tree are followed at once.
    layers = np.split(
        np.arange(len(bonds)), np.flatnonzero(np.diff([depth[child] for child in children])) + 1
    )

    def joined(frames: slice) -> NDArray[np.float32]:
        rows, cells = positions[frames].astype(np.float64), cell[frames].astype(np.float64)
        steps = nearest_translations(rows[:, children] - rows[:, parents], cells)
        translations = np.zeros_like(rows)
        for layer in layers:
            translations[:, children[layer]] = translations[:, parents[layer]] + steps[:, layer]
        return np.asarray(rows + translations @ cells, dtype=np.float32)

    size = max(1, CHUNK_BYTES // (200 * molecule.n_atoms))
    result = np.empty(positions.shape, dtype=np.float32)
    for start in range(0, len(positions), size):
        result[start : start + size] = joined(slice(start, start + size))
    return result


def _nearest_pairs(
    positions: NDArray[np.float32], cell: NDArray[np.floating], largest: list[int], others: list[list[int]]
) -> list[tuple[int, int]]:
    """Atoms of the largest component and of each other one that are nearest to each other, at any image."""
    if not others:
        return []
    from scipy.spatial import cKDTree  # as above

    reduced = _reduced(np.asarray(cell, dtype=np.float64)[None])[0][0]
    # No point is farther from the nearest point of a lattice.
    farthest = np.sqrt(np.square(reduced).sum()) / 2
    points, atoms = _images(positions[largest], reduced, farthest)
    outside = np.concatenate([np.array(component) for component in others])
    component = np.repeat(np.arange(len(others)), [len(members) for members in others])
    distance, index = cKDTree(points).query(_images(positions[outside], reduced, 0.0)[0])
    order = np.lexsort((distance, component))
    _, first = np.unique(component[order], return_index=True)
    nearest = order[first]
    return list(
        zip(np.array(largest)[atoms[index[nearest]]].tolist(), outside[nearest].tolist(), strict=True)
    )


def _images(
    positions: NDArray[np.floating], cell: Cell, radius: float
) -> tuple[NDArray[np.float64], IntArray]:
    """Atoms moved into the unit cell, and their images within ``radius`` (Å) around it.

    Returns
    -------
    points : [n_points, 3]
        Å; the first are the atoms themselves.
    atoms : [n_points]
        Atom of each point.
    """
    points, atoms = np.array(positions, dtype=np.float64), np.arange(len(positions))
    if cell is None:
        return points, atoms
    vectors = np.asarray(cell, dtype=np.float64)
    inverse = np.linalg.pinv(vectors)
    fractional = points @ inverse
    periodic = np.floor(fractional)
    fractional -= periodic
    points -= periodic @ vectors
    for axis, margin in enumerate(radius / _widths(inverse)):
        found, moves = [np.arange(len(points))], [0]
        for n in range(1, int(np.ceil(margin)) + 1):
            found.append(np.flatnonzero(fractional[:, axis] + n < 1 + margin))
            found.append(np.flatnonzero(fractional[:, axis] - n >= -margin))
            moves += [n, -n]
        index = np.concatenate(found)
        shift = np.repeat(moves, list(map(len, found)))
        points = points[index] + shift[:, None] * vectors[axis]
        atoms, fractional = atoms[index], fractional[index]
        fractional[:, axis] += shift
    return points, atoms


def _widths(inverse: NDArray[np.floating]) -> NDArray[np.float64]:
    """Distances [..., 3] between opposite faces of cells whose inverse matrices [..., 3, 3] are given."""
    with np.errstate(divide="ignore"):
        return np.asarray(1.0 / np.linalg.norm(inverse, axis=-2))


def _reduced(cell: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shorten cell vectors [n_frames, 3, 3] by each other as far as possible.

    Returns
    -------
    reduced : [n_frames, 3, 3]
        Vectors of the same lattices.
    multiples : [n_frames, 3, 3]
        Whole numbers; ``reduced = multiples @ cell``.
    """
    reduced, multiples = cell.copy(), np.broadcast_to(np.eye(3), cell.shape).copy()
    changed = True
    while changed:
        changed = False
        for i, j in permutations(range(3), 2):
            squares = np.square(reduced[:, j]).sum(axis=-1)
            products = (reduced[:, i] * reduced[:, j]).sum(axis=-1)
            # More than one half, so that rounding errors cannot let two vectors take turns.
            steps = np.where(
                np.abs(products) > 0.501 * squares, np.rint(products / np.where(squares, squares, 1)), 0
            )
            if steps.any():
                changed = True
                reduced[:, i] -= steps[:, None] * reduced[:, j]
                multiples[:, i] -= steps[:, None] * multiples[:, j]
    return reduced, multiples
