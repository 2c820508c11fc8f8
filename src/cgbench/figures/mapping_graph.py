"""Mappings of one dataset by one method, at all resolutions, drawn on the bond graph of the molecule."""

from collections.abc import Iterator, Sequence

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cgbench.chem.molecule import Molecule
from cgbench.core.wording import counted
from cgbench.figures.run_selection import RunSelection
from cgbench.figures.style import DOUBLE_COLUMN, PALETTE, add_title, notice, styled
from cgbench.mapping.base import Mapping

MARGIN = 0.8  # bonds around all that is drawn
# Largest number of atoms that are drawn with letters, four panels side by side.
SMALL_UP_TO = 60
COLUMNS, COLUMNS_OF_LARGE = 4, 2
# Shares of white in the colours of the first ten beads, the next ten, and so on.
WHITENED = (0.45, 0.7)

Points = NDArray[np.float64]  # [n_points, 2]
Color = tuple[float, ...]


def mapping_figures(selection: RunSelection) -> Iterator[tuple[str, Figure]]:
    """Draw ``mapping``; yields the name of the file without suffix, and the figure.

    Raises
    ------
    InputError
        If a file is missing or damaged, or belongs to other frames.
    """
    frames = selection.frames()
    mappings = selection.mappings(frames)
    drawn = mapping_graph(frames.molecule, mappings, selection.title) if mappings else None
    yield "mapping", drawn or notice("Nothing to draw yet.")


def mapping_graph(molecule: Molecule, mappings: Sequence[Mapping], title: str = "") -> Figure:
    """Draw mappings of one molecule beside each other, from coarse to fine.

    Every bead is an outline around its atoms; parts of a bead that no bond connects are joined by
    a dotted line. The layout (Kamada-Kawai) depends on the bonds alone.

    Parameters
    ----------
    molecule, mappings
        The molecule and its mappings, at least one, in any order.
    title
        Written above the figure, such as ``"alanine_dipeptide, mapping: cgae"``.
    """
    points = layout(molecule)
    low, high = points.min(axis=0) - MARGIN, points.max(axis=0) + MARGIN
    n_columns = min(COLUMNS if molecule.n_atoms <= SMALL_UP_TO else COLUMNS_OF_LARGE, len(mappings))
    n_rows = -(-len(mappings) // n_columns)
    width = DOUBLE_COLUMN / max(n_columns, 2)  # of a panel, inches
    height = width * (high - low)[1] / (high - low)[0]
    with styled():
        figure = Figure(figsize=(width * n_columns, 0.35 + n_rows * (0.2 + height)), layout="constrained")
        grid = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        for axes in grid:
            axes.set_axis_off()
            axes.set_aspect("equal")
            axes.set_xlim(low[0], high[0])
            axes.set_ylim(low[1], high[1])
        ordered = sorted(mappings, key=lambda mapping: mapping.n_beads)
        for mapping, axes in zip(ordered, grid, strict=False):
            _draw(axes, molecule, mapping, points, 72 * 0.94 * width / (high - low)[0])
            axes.set_title(counted(mapping.n_beads, "bead"), pad=2)
        add_title(figure, title)
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


def bead_colors(mapping: Mapping) -> list[Color]:
    """Light colours [n_beads]; consecutive beads differ in hue.

    Beads are ordered by their first atom, so that equal beads of several mappings have equal colours.
    """
    rank = np.unique(mapping.bead_index, return_index=True)[1].argsort().argsort()
    colors = []
    for bead in rank.tolist():
        pure = to_rgb(PALETTE[bead % len(PALETTE)])
        white = WHITENED[bead // len(PALETTE) % len(WHITENED)]
        colors.append(tuple(channel + (1 - channel) * white for channel in pure))
    return colors


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
