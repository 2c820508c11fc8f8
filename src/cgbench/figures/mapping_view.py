"""Mappings in space, drawn on one geometry."""

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from cgbench.chem.molecule import Molecule
from cgbench.figures.mapping_panels import Color, bead_colors, coarse_to_fine, lighter, mapping_panels
from cgbench.figures.style import styled
from cgbench.mapping.base import Mapping

MARGIN = 0.5  # Å around all that is drawn
HEAVY, HYDROGEN = 0.34, 0.2  # radii of atoms as drawn, Å
# Radius of a bead, in root mean square distances of its atoms from it, and at least, Å.
SPREAD, SMALLEST_BEAD = 0.75, 0.75
DEEP = (0.0, 0.4)  # white in the colours of atoms, as in :func:`bead_colors`
FOG = 0.6  # share of white in the colours of the farthest atoms and bonds
# Discs that a sphere is painted with, from rim to highlight, and its opacity.
ATOM_SHADES, BEAD_SHADES = 4, 7
ATOM_ALPHA, BEAD_ALPHA = 1.0, 0.26
# Place of the highlight of a sphere, in radii from its centre.
LIGHT = np.array([-0.32, 0.36])

Points = NDArray[np.float64]  # [n_points, 3], Å; x to the right, y up, z towards the eye


def mapping_view(
    molecule: Molecule, positions: NDArray[np.floating], mappings: Iterable[Mapping], title: str = ""
) -> Figure:
    """Draw mappings of one molecule on one geometry beside each other, from coarse to fine.

    A bead is a translucent sphere around its position, with a radius by the spread of its atoms.
    Atoms have the colour of their bead and are paler the farther away they are.

    Parameters
    ----------
    molecule
        The molecule.
    positions : [n_atoms, 3]
        The geometry, Å.
    mappings
        Its mappings, in any order.
    title
        Written above the figure, such as ``"alanine_dipeptide, mapping: cgae"``.

    Raises
    ------
    InputError
        If a mapping belongs to another molecule, or there is none.
    """
    ordered = coarse_to_fine(molecule, mappings)
    points = broadest_side(np.asarray(positions, dtype=np.float64))
    beads = [np.asarray(mapping.beads(points), dtype=np.float64) for mapping in ordered]
    radii = [_radii(mapping, points) for mapping in ordered]
    extent = _extent(points, zip(beads, radii, strict=True))
    with styled():
        figure, panels, _ = mapping_panels(molecule, ordered, extent, title)
        for (mapping, axes), size in zip(panels, radii, strict=True):
            _draw(axes, molecule, mapping, points, size)
    return figure


def broadest_side(positions: Points) -> Points:
    """Rotate a geometry so that its longest extent is horizontal and its shortest is depth.

    The rotation is proper, so chirality does not change.
    """
    centred = positions - positions.mean(axis=0)
    return np.asarray(centred @ broadest_axes(positions))


def broadest_axes(positions: Points) -> NDArray[np.float64]:
    """Rotation matrix [3, 3] of :func:`broadest_side`, whose columns are the new axes."""
    centred = positions - positions.mean(axis=0)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1]
    # The sign of an eigenvector is arbitrary; it is fixed for reproducible figures.
    axes[:, 0] *= -1.0 if centred[0] @ axes[:, 0] > 0 else 1.0
    axes[:, 1] *= -1.0 if centred[0] @ axes[:, 1] < 0 else 1.0
    axes[:, 2] = np.cross(axes[:, 0], axes[:, 1])
    return np.asarray(axes)


def _radii(mapping: Mapping, points: Points) -> NDArray[np.float64]:
    """Radii [n_beads] of beads, by the root mean square distance of their atoms, Å."""
    squared = ((points - mapping.lift(mapping.beads(points))) ** 2).sum(axis=1)
    counts = np.bincount(mapping.bead_index)
    spread = np.sqrt(np.bincount(mapping.bead_index, weights=squared) / counts)
    return np.maximum(SPREAD * spread, SMALLEST_BEAD)


def _extent(
    points: Points, spheres: Iterable[tuple[Points, NDArray[np.float64]]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower left and upper right corner [2] of all panels, Å."""
    lows, highs = [points.min(axis=0)], [points.max(axis=0)]
    for centres, radii in spheres:
        lows.append((centres - radii[:, None]).min(axis=0))
        highs.append((centres + radii[:, None]).max(axis=0))
    return np.min(lows, axis=0)[:2] - MARGIN, np.max(highs, axis=0)[:2] + MARGIN


def _draw(
    axes: Axes, molecule: Molecule, mapping: Mapping, points: Points, radii: NDArray[np.float64]
) -> None:
    """Paint bonds, atoms and beads from the back to the front."""
    pale, deep = bead_colors(mapping), bead_colors(mapping, DEEP)
    beads = mapping.beads(points)
    depth = (points[:, 2].max() - points[:, 2]) / max(float(np.ptp(points[:, 2])), 1e-9)
    # The order of painting, as z-orders between 1 and 2.
    low, high = min(points[:, 2].min(), beads[:, 2].min()), max(points[:, 2].max(), beads[:, 2].max())

    def order(z: float) -> float:
        return float(1.0 + (z - low) / max(high - low, 1e-9))

    for i, j in molecule.bonds.tolist():
        middle = (points[i] + points[j]) / 2
        fog = FOG * (depth[i] + depth[j]) / 2
        for start in (i, j):
            axes.plot(
                *np.stack([points[start], middle])[:, :2].T,
                color=lighter(deep[mapping.bead_index[start]], fog),
                linewidth=1.6,
                solid_capstyle="round",
                zorder=order(middle[2]) - 1e-3,
            )
    for atom, point in enumerate(points):
        color = lighter(deep[mapping.bead_index[atom]], FOG * depth[atom])
        radius = HEAVY if molecule.heavy[atom] else HYDROGEN
        _sphere(axes, point, radius, color, ATOM_SHADES, ATOM_ALPHA, order(point[2]))
    for bead, point in enumerate(beads):
        _sphere(axes, point, radii[bead], pale[bead], BEAD_SHADES, BEAD_ALPHA, order(point[2]))


def _sphere(
    axes: Axes, centre: Points, radius: float, color: Color, shades: int, alpha: float, zorder: float
) -> None:
    """Paint a lit sphere: discs that shrink and brighten towards the light, on a darker rim."""
    r, g, b = (0.62 * channel for channel in color)
    share = np.linspace(0, 1, shades)
    circles = [
        Path.circle(tuple(centre[:2] + s * radius * 0.55 * LIGHT), radius * (1 - 0.85 * s)) for s in share
    ]
    # Discs overlap, so each but the largest has a part of the opacity.
    faces = [to_rgba(lighter(color, 0.75 * s**1.5), alpha if s == 0 else 0.35 * alpha) for s in share]
    edges = [to_rgba((r, g, b), min(1.0, 2 * alpha)) if s == 0 else "none" for s in share]
    discs = PathCollection(circles, facecolors=faces, edgecolors=edges, linewidths=0.4, zorder=zorder)
    discs.set_transform(Affine2D() + axes.transData)
    axes.add_collection(discs)
