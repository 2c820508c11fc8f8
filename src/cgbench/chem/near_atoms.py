"""Distances of atoms that are near each other, without those of all other pairs.

Atoms are compared in groups of consecutive ones, which are near each other in a chain. Two groups are
compared atom by atom if the boxes around them are within the cutoff in any geometry.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, to_device

from cgbench.chem.molecule import IntArray

# Atoms of a group. With 32, contacts of 10,000 atoms in a dense system take 40 % longer.
GROUP = 16
SLACK = 0.01  # Å; above the rounding of boxes in single precision, 1e-4 Å at 1,000 Å


def bytes_of_geometry(n_atoms: int) -> int:
    """Bytes by which :func:`cgbench.chem.geometry.in_chunks` chooses the number of geometries at once.

    Of a large molecule few groups are in use at a time, and a group takes as long for ten geometries as for
    a hundred.
    """
    return 16 * min(n_atoms, 2000)


def near_groups(positions: Any, cutoff: float) -> Iterator[tuple[range, IntArray, Callable[[int], Any]]]:
    """Compare each group of atoms with the later atoms that may be near it.

    The cost is linear in atoms, but for that of comparing boxes, which is small up to 10,000 atoms. Many
    geometries at once are efficient if they are similar: a group has the neighbours that it has in any.

    Parameters
    ----------
    positions : float32 [n_geometries, n_atoms, 3]
        Array or tensor, Å.
    cutoff
        Å; pairs that are nearer are among those compared, and others may be.

    Yields
    ------
    group : range
        Indices of the atoms.
    later : int [m]
        Sorted indices of these atoms, and then of later atoms.
    squares_of : function of a row, to [m − row − 1, n_geometries]
        Squared distances, Å², of an atom of the group to all of ``later`` that come after it.
    """
    xp, place = array_namespace(positions), device(positions)
    n, n_atoms, _ = positions.shape
    # Geometries along the last axis make every operation contiguous in memory.
    coordinates = xp.empty((3, n_atoms, n), dtype=xp.float32, device=place)
    coordinates[...] = xp.permute_dims(positions, (2, 1, 0))
    groups = [range(start, min(start + GROUP, n_atoms)) for start in range(0, n_atoms, GROUP)]
    low, high = (
        xp.stack([reduce(coordinates[:, group.start : group.stop], axis=1) for group in groups], axis=1)
        for reduce in (xp.min, xp.max)
    )
    for number, group in enumerate(groups):
        apart = sum(
            xp.clip(xp.maximum(lows[number:] - highs[number], lows[number] - highs[number:]), 0, None) ** 2
            for lows, highs in zip(low, high, strict=True)
        )
        near = np.asarray(to_device(xp.any(apart < (cutoff + SLACK) ** 2, axis=1), "cpu"))
        near[0] = True  # even if a coordinate is NaN
        later = group.start + np.flatnonzero(np.repeat(near, GROUP)[: n_atoms - group.start])
        chosen = slice(group.start, None) if near.all() else xp.asarray(later, device=place)
        yield group, later, partial(_squares, coordinates[:, chosen])


def near_squares(positions: Any, cutoff: float) -> Iterator[tuple[int, IntArray, Any]]:
    """As :func:`near_groups`, for each atom by itself.

    Yields
    ------
    int, int [m], [m, n_geometries]
        An atom, later atoms, and squared distances between them, Å².
    """
    for group, later, squares_of in near_groups(positions, cutoff):
        for row, atom in enumerate(group):
            yield atom, later[row + 1 :], squares_of(row)


def _squares(coordinates: Any, row: int) -> Any:
    """Squared distances [m − row − 1, n] of an atom of coordinates [3, m, n] to the atoms after it."""
    # In place, because allocating memory would take longer than the arithmetic.
    x, y, z = coordinates
    squares = x[row + 1 :] - x[row]
    squares *= squares
    for column in (y, z):
        differences = column[row + 1 :] - column[row]
        differences *= differences
        squares += differences
    return squares
