"""Periodic boundary conditions: distances of nearest images, bonds from them, and unwrapped molecules.

Lengths are passed to mdtraj in Å, because none of its functions used here depends on the unit.
"""

import mdtraj
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from cgbench.chem.geometry import all_pairs, in_chunks, pair_distances
from cgbench.chem.molecule import BOND_FACTOR, IntArray, Molecule
from cgbench.chem.trajectory_io import molecule_to_mdtraj

LONGEST_BOND = 3.0  # Å; longer than any covalent bond and shorter than any unit cell

Cell = NDArray[np.float32] | None


def bonds_from_distances(molecule: Molecule, positions: NDArray[np.float32], cell: Cell = None) -> IntArray:
    """Bonds [n_bonds, 2] of one geometry by the rule d < 1.3 (r_i + r_j).

    Parameters
    ----------
    positions : [n_atoms, 3]
        Å.
    cell : [3, 3], optional
        Vectors of the unit cell in rows, Å; distances are then those of nearest images.

    Raises
    ------
    InputError
        If an element has no covalent radius.
    """
    pairs = all_pairs(molecule.n_atoms)
    cutoffs = BOND_FACTOR * molecule.covalent_radii[pairs].sum(axis=1)
    return np.asarray(pairs[distances(molecule, positions, pairs, cell) < cutoffs])


def distances(
    molecule: Molecule, positions: NDArray[np.float32], pairs: IntArray, cell: Cell = None
) -> NDArray[np.floating]:
    """Distances [n_pairs] in one geometry, of nearest images if there is a unit cell.

    Parameters
    ----------
    positions : [n_atoms, 3]
        In any unit, which is that of the distances.
    pairs : int [n_pairs, 2]
        Atoms.
    cell : [3, 3], optional
        Vectors of the unit cell in rows, in the same unit.
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
    # mdtraj moves the second atom of each pair to the first, so that pairs are sorted away from one atom.
    largest, *others = sorted(map(sorted, nx.connected_components(molecule.graph)), key=len, reverse=True)
    pairs = list(nx.bfs_edges(molecule.graph, largest[0]))
    for component in others:
        between = np.stack(np.meshgrid(largest, component, indexing="ij"), axis=-1).reshape(-1, 2)
        closest = between[distances(molecule, positions[0], between, cell[0]).argmin()].tolist()
        pairs += [tuple(closest), *nx.bfs_edges(molecule.graph, closest[1])]
    trajectory = _trajectory(molecule, positions.copy(), cell)
    trajectory.make_molecules_whole(inplace=True, sorted_bonds=np.array(pairs, dtype=np.int32))
    return np.asarray(trajectory.xyz)


def _trajectory(molecule: Molecule, positions: NDArray[np.float32], cell: Cell) -> mdtraj.Trajectory:
    trajectory = mdtraj.Trajectory(positions, molecule_to_mdtraj(molecule))
    if cell is not None:
        trajectory.unitcell_vectors = cell
    return trajectory
