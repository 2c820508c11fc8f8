"""How far groups of atoms are from a plane."""

from collections.abc import Sequence

from array_api_compat import array_namespace, device

from cgbench.chem.geometry import Array
from cgbench.chem.molecule import IntArray


def out_of_plane(positions: Array, groups: Sequence[IntArray]) -> Array:
    """Root mean square distance of the atoms of each group from the plane that fits them best.

    The sum of the squared distances is the smallest eigenvalue of Σ (x_i − x̄)(x_i − x̄)ᵀ (K. Pearson, Phil.
    Mag. 2, 559, 1901). It is 0 for three atoms, and for atoms on a line or at one point.

    Parameters
    ----------
    positions : [..., n_atoms, 3]
        Array or tensor.
    groups
        Atoms of each group.

    Returns
    -------
    float64 [..., n_groups]
        In the unit of the positions.
    """
    xp, place = array_namespace(positions), device(positions)
    distances: Array = xp.zeros((*positions.shape[:-2], len(groups)), dtype=xp.float64, device=place)
    for number, atoms in enumerate(groups):
        points = xp.astype(positions[..., xp.asarray(atoms, device=place), :], xp.float64)
        points = points - xp.mean(points, axis=-2, keepdims=True)
        smallest = xp.linalg.eigvalsh(xp.matrix_transpose(points) @ points)[..., 0]
        distances[..., number] = xp.sqrt(xp.clip(smallest, 0.0, None) / len(atoms))
    return distances
