"""Panels and bead colours of figures of mappings."""

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cgbench.chem.molecule import Molecule
from cgbench.core.errors import InputError
from cgbench.core.wording import counted
from cgbench.figures.style import DOUBLE_COLUMN, PALETTE, add_title
from cgbench.mapping.base import Mapping

# Largest number of atoms that are drawn with letters, four panels side by side.
SMALL_UP_TO = 60
COLUMNS, COLUMNS_OF_LARGE = 4, 2
# Shares of white in the colours of the first ten beads, the next ten, and so on.
WHITENED = (0.45, 0.7)

Color = tuple[float, float, float]


def coarse_to_fine(molecule: Molecule, mappings: Iterable[Mapping]) -> list[Mapping]:
    """Sort mappings of one molecule by resolution.

    Raises
    ------
    InputError
        If a mapping belongs to another molecule, or there is none.
    """
    ordered = sorted(mappings, key=lambda mapping: mapping.n_beads)
    if not ordered:
        raise InputError("no mappings given; name at least one fold<k>.json written by `cgbench map`")
    for mapping in ordered:
        if mapping.n_atoms != molecule.n_atoms:
            raise InputError(f"mapping has {mapping.n_atoms} atoms, the molecule has {molecule.n_atoms}")
    return ordered


def mapping_panels(
    molecule: Molecule,
    ordered: Sequence[Mapping],
    extent: tuple[NDArray[np.floating], NDArray[np.floating]],
    title: str,
) -> tuple[Figure, list[tuple[Mapping, Axes]], float]:
    """Lay out a panel for each mapping, all of which show the same extent.

    Parameters
    ----------
    ordered
        Mappings of the molecule, from :func:`coarse_to_fine`.
    extent
        Lower left and upper right corner [2] of a panel.
    title
        Written above the figure.

    Returns
    -------
    figure, panels, width
        The mappings with their panels, and the width of a panel, inches.
    """
    low, high = extent
    n_columns = min(COLUMNS if molecule.n_atoms <= SMALL_UP_TO else COLUMNS_OF_LARGE, len(ordered))
    n_rows = -(-len(ordered) // n_columns)
    width = DOUBLE_COLUMN / max(n_columns, 2)
    height = width * (high - low)[1] / (high - low)[0]
    figure = Figure(figsize=(width * n_columns, 0.35 + n_rows * (0.2 + height)), layout="constrained")
    grid = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
        axes.set_aspect("equal")
        axes.set_xlim(low[0], high[0])
        axes.set_ylim(low[1], high[1])
    panels = list(zip(ordered, grid, strict=False))
    for mapping, axes in panels:
        axes.set_title(counted(mapping.n_beads, "bead"), pad=2)
    add_title(figure, title)
    return figure, panels, width


def bead_colors(mapping: Mapping, whitened: Sequence[float] = WHITENED) -> list[Color]:
    """Colours [n_beads], by default light; consecutive beads differ in hue.

    Beads are ordered by their first atom, so that equal beads of several mappings have equal colours.

    Parameters
    ----------
    whitened
        Share of white in the colours of the first ten beads, of the next ten, and so on.
    """
    palette = [to_rgb(color) for color in PALETTE]
    rank = np.unique(mapping.bead_index, return_index=True)[1].argsort().argsort()
    return [
        lighter(palette[bead % len(palette)], whitened[bead // len(palette) % len(whitened)])
        for bead in rank.tolist()
    ]


def lighter(color: Color, share: float) -> Color:
    """Mix a colour with a share of white."""
    r, g, b = (channel + (1 - channel) * share for channel in color)
    return r, g, b
