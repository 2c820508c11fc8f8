"""Bonds that pass through a ring, which no minimisation undoes."""

from typing import Any

import numpy as np
from array_api_compat import array_namespace, device

from cgbench.chem.geometry import Array, in_chunks
from cgbench.chem.molecule import Molecule
from cgbench.chem.near_atoms import SLACK
from cgbench.chem.rings import rings

# Å³. The ends of a bond are on two sides of a triangle if the parallelepipeds that they span with it are
# larger than this: about 1 for a bond through a phenyl ring, below 1e-4 by rounding for atoms in a plane.
MIN_VOLUME = 1e-3
BOX = 16  # bonds


def piercings(positions: Array, molecule: Molecule) -> Array:
    """Find the bonds that pass through a ring.

    The surface of a ring consists of the triangles between its centre and each of its bonds. A bond without
    an atom in the ring passes through it if it crosses a triangle (T. Möller, B. Trumbore, J. Graph. Tools 2,
    21, 1997). Only bonds near the ring are examined: bonds are sorted, so that successive ones are near each
    other, and those of a box that is out of reach are left out together. Atoms at one point or in one plane
    pierce nothing.

    Parameters
    ----------
    positions : [n_geometries, n_atoms, 3]
        Array or tensor, Å.

    Returns
    -------
    int [n_found, 3]
        Geometry, index of the ring in :func:`cgbench.chem.rings.rings`, index of the bond in
        ``molecule.bonds``; those of one geometry are sorted.
    """
    xp, place = array_namespace(positions), device(positions)
    bonds = xp.asarray(molecule.bonds, device=place)
    known = [
        (xp.asarray(ring, device=place), xp.asarray(~np.isin(molecule.bonds, ring).any(axis=1), device=place))
        for ring in rings(molecule)
    ]

    def find(geometries: Any) -> Any:
        rows = positions[geometries, ...]
        first, second = rows[:, bonds[:, 0], :], rows[:, bonds[:, 1], :]
        # One coordinate at a time makes every operation contiguous in memory.
        middle = [(first[..., axis] + second[..., axis]) / 2 for axis in range(3)]
        half = _length(second - first) / 2
        boxes = [(_by_box(xp.min, part - half), _by_box(xp.max, part + half)) for part in middle]
        found = [xp.zeros((0, 3), dtype=xp.int64, device=place)]
        for number, (ring, apart) in enumerate(known):
            corners = rows[:, ring, :]
            centre = xp.mean(corners, axis=1, keepdims=True)
            radius = xp.max(_length(corners - centre), axis=1, keepdims=True)
            gaps = sum(
                xp.clip(xp.maximum(low - centre[..., axis], centre[..., axis] - high), 0, None) ** 2
                for axis, (low, high) in enumerate(boxes)
            )
            near = xp.any(gaps <= (radius + SLACK) ** 2, axis=0)
            (chosen,) = xp.nonzero(xp.repeat(near, BOX)[: len(bonds)] & apart)
            squares = sum((middle[axis][:, chosen] - centre[..., axis]) ** 2 for axis in range(3))
            row, column = xp.nonzero(squares <= (radius + half[:, chosen]) ** 2)
            bond = chosen[column]
            hit = _crosses(first[row, bond, :], second[row, bond, :], centre[row, ...], corners[row, ...])
            row, bond = row[hit], bond[hit]
            found.append(xp.stack([geometries[row], xp.full_like(row, number), bond], axis=1))
        return xp.concat(found)

    everything = xp.arange(positions.shape[0], device=place)
    found: Array = in_chunks(find, everything, bytes_per_row=64 * max(len(molecule.bonds), 1))
    return found


def _by_box(reduce: Any, values: Any) -> Any:
    """Reduce values [n, n_bonds] of each box of successive bonds: [n, n_boxes]."""
    xp = array_namespace(values)
    boxes = [reduce(values[:, start : start + BOX], axis=1) for start in range(0, values.shape[1], BOX)]
    return xp.stack(boxes, axis=1)


def _crosses(first: Any, second: Any, centre: Any, corners: Any) -> Any:
    """Whether segments between points [n, 3] cross triangles of centres [n, 1, 3] and corners [n, m, 3]."""
    xp = array_namespace(first)
    start = xp.astype(first, xp.float64)[:, None, :]
    a = corners - start
    b = xp.roll(a, -1, axis=1)
    c = xp.broadcast_to(centre - start, a.shape)
    along = xp.broadcast_to(second[:, None, :] - start, a.shape)
    # The signs of three volumes say on which side of each edge of a triangle the line passes. Neighbouring
    # triangles get exactly opposite volumes for their common edge, so that no line slips between them.
    sides = xp.stack([_triple(along, c, a), _triple(along, a, b), _triple(along, b, c)])
    within = (xp.min(sides, axis=0) >= 0) | (xp.max(sides, axis=0) <= 0)
    before = _triple(c, a, b)
    ends = xp.stack([before, before - xp.sum(sides, axis=0)])
    on_both_sides = (xp.min(ends, axis=0) < -MIN_VOLUME) & (xp.max(ends, axis=0) > MIN_VOLUME)
    return xp.any(within & on_both_sides, axis=1)


def _triple(a: Any, b: Any, c: Any) -> Any:
    xp = array_namespace(a)
    return xp.sum(a * xp.linalg.cross(b, c), axis=-1)


def _length(vectors: Any) -> Any:
    return sum(vectors[..., axis] ** 2 for axis in range(3)) ** 0.5
