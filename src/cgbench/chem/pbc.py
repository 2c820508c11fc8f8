"""Bonds from distances, and molecules made whole across periodic boundaries.

mdtraj is used on Å here: neither operation depends on the unit.
"""

import mdtraj
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from cgbench.chem.geometry import BOND_FACTOR, all_pairs, in_chunks, pair_distances
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.trajectory_io import molecule_to_mdtraj

LONGEST_BOND = 3.0  # Å; no covalent bond is longer, and no unit cell is that small

Cell = NDArray[np.float32] | None


def bonds_from_distances(molecule: Molecule, positions: NDArray[np.float32], cell: Cell = None) -> IntArray:
    """Bonds [n_bonds, 2] of one geometry by the rule d < 1.3 (r_i + r_j).

    Parameters
    ----------
    positions : [n_atoms, 3]
        Å.
    cell : [3, 3], optional
        Vectors of the unit cell in rows, Å; distances are then those of the nearest images.
    """
    pairs = all_pairs(molecule.n_atoms)
    reach = BOND_FACTOR * molecule.covalent_radii[pairs].sum(axis=1)
    return np.asarray(pairs[distances(molecule, positions, pairs, cell) < reach])


def distances(
    molecule: Molecule, positions: NDArray[np.float32], pairs: IntArray, cell: Cell = None
) -> NDArray[np.floating]:
    """Distances [n_pairs] in one geometry, of the nearest images where there is a cell; as its unit is.

    Parameters
    ----------
    positions : [n_atoms, 3]
    pairs : int [n_pairs, 2]
    cell : [3, 3], optional
        Vectors of the unit cell in rows.
    """
    trajectory = _trajectory(molecule, positions[None], None if cell is None else cell[None])
    return np.asarray(mdtraj.compute_distances(trajectory, pairs, periodic=cell is not None)[0])


def longest_bond(positions: NDArray[np.float32], bonds: IntArray) -> NDArray[np.floating]:
    """Length of the longest bond of each frame [n_frames], in the unit of the positions."""
    return in_chunks(
        lambda rows: pair_distances(rows, bonds).max(axis=1, initial=0.0),
        positions,
        bytes_per_row=4 * positions.itemsize * max(len(bonds), 1),
    )


def make_whole(
    positions: NDArray[np.float32], cell: NDArray[np.float32], molecule: Molecule
) -> NDArray[np.float32]:
    """Move atoms by cell vectors until every bond joins nearest images.

    Pieces that no bond joins are kept together by the two atoms, of the largest and of each other, that are
    nearest in the first frame.

    Parameters
    ----------
    positions : [n_frames, n_atoms, 3]
        Å.
    cell : [n_frames, 3, 3]
        Vectors of the unit cell in rows, Å.
    """
    # Outwards from one atom: the first of a pair stays, the second follows.
    largest, *others = sorted(map(sorted, nx.connected_components(molecule.graph)), key=len, reverse=True)
    outwards = list(nx.bfs_edges(molecule.graph, largest[0]))
    for piece in others:
        pairs = np.stack(np.meshgrid(largest, piece, indexing="ij"), axis=-1).reshape(-1, 2)
        nearest = pairs[distances(molecule, positions[0], pairs, cell[0]).argmin()]
        outwards += [tuple(nearest.tolist()), *nx.bfs_edges(molecule.graph, int(nearest[1]))]
    trajectory = _trajectory(molecule, positions.copy(), cell)
    trajectory.make_molecules_whole(inplace=True, sorted_bonds=np.array(outwards, dtype=np.int32))
    return np.asarray(trajectory.xyz)


def _trajectory(molecule: Molecule, positions: NDArray[np.float32], cell: Cell) -> mdtraj.Trajectory:
    trajectory = mdtraj.Trajectory(positions, molecule_to_mdtraj(molecule))
    if cell is not None:
        trajectory.unitcell_vectors = cell
    return trajectory
