"""Mappings drawn on the bond graph of the molecule."""

from collections.abc import Iterable

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cgbench.chem.molecule import Molecule
from cgbench.figures.mapping_panels import SMALL_UP_TO, Color, bead_colors, coarse_to_fine, mapping_panels
from cgbench.figures.style import styled
from cgbench.mapping.base import Mapping

MARGIN = 0.8  # bonds around all that is drawn

Points = NDArray[np.float64]  # [n_points, 2]


def mapping_graph(molecule: Molecule, mappings: Iterable[Mapping], title: str = "") -> Figure:
    """Draw mappings of one molecule beside each other, from coarse to fine.

    Every bead is an outline around its atoms; parts of a bead that no bond connects are joined by
    a dotted line. The layout (Kamada-Kawai) depends on the bonds alone.

    Parameters
    ----------
    molecule, mappings
        The molecule and its mappings, in any order.
    title
        Written above the figure, such as ``"alanine_dipeptide, mapping: cgae"``.

    Raises
    ------
    InputError
        If a mapping belongs to another molecule, or there is none.
    """
    ordered = coarse_to_fine(molecule, mappings)
    points = layout(molecule)
    low, high = points.min(axis=0) - MARGIN, points.max(axis=0) + MARGIN
    with styled():
        figure, panels, width = mapping_panels(molecule, ordered, (low, high), title)
        scale = 72 * 0.94 * width / (high - low)[0]
        for mapping, axes in panels:
            _draw(axes, molecule, mapping, points, scale)
    return figure


def layout(molecule: Molecule) -> Points:
    """Places [n_atoms, 2] in units of the mean bond, longest extent horizontal, first atom left."""
    places = nx.kamada_kawai_layout(molecule.graph)
    points = np.array([places[atom] for atom in range(molecule.n_atoms)])
    bonds = points[molecule.bonds[:, 0]] - points[molecule.bonds[:, 1]]
    points = (points - points.mean(axis=0)) / np.linalg.norm(bonds, axis=1).mean()
    _, axes = np.linalg.eigh(points.T @ points)
    points = points @ axes[:, ::-1]
    # The sign of an eigenvector is arbitrary; it is fixed for reproducible figures.
    return np.asarray(points * -np.sign(points[0]))


def _draw(axes: Axes, molecule: Molecule, mapping: Mapping, points: Points, scale: float) -> None:
    """Draw one mapping; ``scale`` is the length of a bond in points."""
    letters = molecule.n_atoms <= SMALL_UP_TO
    colors = bead_colors(mapping)
    for bead in range(mapping.n_beads):
        atoms = np.flatnonzero(mapping.bead_index == bead)
        _outline(axes, molecule, atoms, points, colors[bead], scale)
    lines = points[molecule.bonds]
    axes.add_collection(LineCollection(list(lines), colors="0.25", linewidths=0.7, zorder=4))
    for atom, (x, y) in enumerate(points):
        fill = colors[mapping.bead_index[atom]]
        heavy = bool(molecule.heavy[atom])
        if letters:
            axes.plot(x, y, "o", color=fill, markersize=0.5 * scale, markeredgewidth=0, zorder=5)
            axes.text(
                x, y, molecule.elements[atom], ha="center", va="center_baseline", zorder=6,
                fontsize=min(0.42 * scale, 7.5) if heavy else min(0.32 * scale, 5.5),
                color="black" if heavy else "0.3",
            )  # fmt: skip
        else:
            axes.plot(x, y, "o", color="0.15", markersize=(0.32 if heavy else 0.14) * scale, mew=0, zorder=5)


def _outline(
    axes: Axes, molecule: Molecule, atoms: NDArray[np.int64], points: Points, color: Color, scale: float
) -> None:
    """Surround a bead by thick lines along its bonds: a dark wide one under a light one."""
    inside = molecule.graph.subgraph(atoms.tolist())
    strokes = [points[list(bond)] for bond in inside.edges]
    dark = tuple(0.65 * channel for channel in color)
    for width, paint, zorder in ((0.92, dark, 1.0), (0.8, color, 3.0)):
        lines = LineCollection(
            strokes, colors=[paint], linewidths=width * scale, capstyle="round", zorder=zorder
        )
        axes.add_collection(lines)
        # Atoms without a bond in their bead need a disc.
        axes.plot(*points[atoms].T, "o", color=paint, markersize=width * scale, mew=0, zorder=zorder)
    for a, b in _bridges(inside, points):
        axes.plot(*points[[a, b]].T, ":", color=dark, linewidth=1.2, zorder=3.5)


def _bridges(inside: "nx.Graph[int]", points: Points) -> list[tuple[int, int]]:
    """Shortest lines that join the unconnected parts of a bead into one."""
    parts = [sorted(part) for part in nx.connected_components(inside)]
    joined, bridges = parts[:1], []
    for part in parts[1:]:
        near = [atom for other in joined for atom in other]
        gaps = np.linalg.norm(points[near][:, None] - points[part][None], axis=-1)
        i, j = np.unravel_index(gaps.argmin(), gaps.shape)
        bridges.append((near[int(i)], part[int(j)]))
        joined.append(part)
    return bridges
