"""Vectors of periodic unit cells, and whether a stored cell can be one."""

import numpy as np
from mdtraj.utils.unitcell import lengths_and_angles_to_box_vectors
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from cgbench.formats.stored_frames import FILL

# Å. Above the bonds C–C, C–N, C–O and X–H at any temperature, below distances between molecules.
CHAIN_DISTANCE = 1.65
# More neighbours per atom than this within CHAIN_DISTANCE do not occur in a molecule.
MOST_NEIGHBOURS = 30


def cell_vectors(lengths: NDArray[np.floating], angles: NDArray[np.floating]) -> NDArray[np.float32]:
    """Vectors [n_frames, 3, 3] in rows, in the unit of the lengths [n_frames, 3]; angles in degrees."""
    with np.errstate(all="ignore"):
        vectors = lengths_and_angles_to_box_vectors(*np.transpose(lengths), *np.transpose(angles))
    return np.stack(vectors, axis=1).astype(np.float32)


def usable_cell(
    positions: NDArray[np.float32], cell: NDArray[np.float32] | None
) -> tuple[NDArray[np.float32] | None, str]:
    """Return the cell, or None and the reason if the stored cell is a placeholder.

    Programs write zeros, 1 Å or 1 nm where there is no cell. A cell is not used if it has no volume in
    some frame, or if a chain of bonded atoms in the first frame is longer than it.

    Parameters
    ----------
    positions : [n_frames, n_atoms, 3]
        Å.
    cell : [n_frames, 3, 3] or None
        Vectors in rows, Å.
    """
    if cell is None:
        return None, ""
    with np.errstate(all="ignore"):
        volume = np.abs(np.linalg.det(cell.astype(np.float64)))
    without = ~((np.abs(cell) < FILL).all(axis=(1, 2)) & (volume > 0))
    if without.any():
        return None, f"{int(without.sum())} of {len(cell)} frames have no unit cell, so that none is used"
    if _longer_than_cell(positions[0], cell[0]):
        lengths = " x ".join(f"{length:.4g}" for length in np.linalg.norm(cell[0], axis=1))
        return None, f"the unit cell ({lengths} Å) is shorter than the molecule, and is not used"
    return cell, ""


def _longer_than_cell(positions: NDArray[np.float32], cell: NDArray[np.float32]) -> bool:
    """Whether atoms [n_atoms, 3] that are joined by short distances extend over more than the cell."""
    n_atoms = len(positions)
    tree = KDTree(positions)
    if tree.count_neighbors(tree, CHAIN_DISTANCE) > MOST_NEIGHBOURS * n_atoms:
        return False  # not in Å, or all atoms at one point: the cell is not what is wrong
    pairs = tree.query_pairs(CHAIN_DISTANCE, output_type="ndarray")
    graph = coo_matrix((np.ones(len(pairs)), tuple(pairs.T)), shape=(n_atoms, n_atoms))
    n_chains, chain = connected_components(graph, directed=False)
    fractional = positions @ np.linalg.inv(cell.astype(np.float64))
    low, high = np.full((n_chains, 3), np.inf), np.full((n_chains, 3), -np.inf)
    np.minimum.at(low, chain, fractional)
    np.maximum.at(high, chain, fractional)
    return bool((high - low > 1).any())
