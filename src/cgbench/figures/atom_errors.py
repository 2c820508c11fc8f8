"""Errors of the atoms, drawn on the bond graph of the molecule."""

from collections.abc import Sequence

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cgbench.chem.molecule import Molecule
from cgbench.core.wording import counted
from cgbench.figures.mapping_graph import COLUMNS_OF_LARGE, SMALL_UP_TO, Points
from cgbench.figures.stored_samples import StoredSamples
from cgbench.figures.style import DOUBLE_COLUMN, add_title, styled

COLORS = sns.cm.rocket_r  # from near white at no error to black
BAR = 0.9  # inches for the colour bar


def common_scale(runs: Sequence[StoredSamples]) -> float:
    """Upper end of a colour scale for all methods, Å: the median of the largest errors of the methods.

    The median keeps one bad method from compressing the scale of the others. The upper and the lower
    control do not count.
    """
    needed: dict[str, float] = {}
    for run in [run for run in runs if not run.bound] or runs:
        worst = max(float(np.nanmax(values)) for values in run.errors.values())
        needed[run.method] = max(needed.get(run.method, 0.0), worst)
    return float(np.median(list(needed.values())))


def atom_errors(
    molecule: Molecule, runs: Sequence[StoredSamples], highest: float, points: Points, title: str = ""
) -> Figure:
    """Draw the errors of one method at all resolutions on the bond graph.

    Parameters
    ----------
    runs
        Of one method, from coarse to fine.
    highest
        Upper end of the colour scale, Å.
    points : float [n_atoms, 2]
        Positions of the atoms, from :func:`cgbench.figures.mapping_graph.layout`.
    """
    extent = np.ptp(points, axis=0) + 1.6
    letters = molecule.n_atoms <= SMALL_UP_TO
    kinds = list(runs[0].errors)
    cells = [(run, kind) for kind in kinds for run in runs]
    n_columns = len(runs)
    if not letters:
        # Too large for one row: rows are resolutions where there are two kinds of errors.
        cells = [(run, kind) for run in runs for kind in kinds]
        n_columns = min(COLUMNS_OF_LARGE, len(cells))
    n_rows = -(-len(cells) // n_columns)
    width = (DOUBLE_COLUMN - BAR) / max(n_columns, 2)
    scale = Normalize(0.0, highest or 1.0, clip=True)
    with styled():
        size = (BAR + width * n_columns, 0.35 + n_rows * (0.32 + width * extent[1] / extent[0]))
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(n_rows, n_columns, squeeze=False)
        for axes in grid.ravel():
            axes.set_axis_off()
            axes.set_aspect("equal")
            axes.set_xlim(points[:, 0].min() - 0.8, points[:, 0].max() + 0.8)
            axes.set_ylim(points[:, 1].min() - 0.8, points[:, 1].max() + 0.8)
        for axes, (run, kind) in zip(grid.ravel(), cells, strict=False):
            _draw(axes, molecule, run.errors[kind], points, 72 * 0.94 * width / extent[0], scale)
            axes.set_title(counted(run.n_beads, "bead") + (f"\n{kind}" if len(kinds) > 1 else ""), pad=2)
        worst = max(float(np.nanmax(values)) for run in runs for values in run.errors.values())
        over = worst > (highest or 1.0)
        figure.colorbar(
            ScalarMappable(scale, COLORS), ax=grid, label="RMS error of an atom (Å)",
            aspect=16, shrink=min(1.0, 1.6 / size[1] + 0.4), extend="max" if over else "neither",
        )  # fmt: skip
        add_title(figure, runs[0].method, title)
    return figure


def _draw(
    axes: Axes, molecule: Molecule, errors: NDArray[np.float64], points: Points, bond: float, scale: Normalize
) -> None:
    """Draw one molecule; ``bond`` is the length of a bond in points."""
    letters = molecule.n_atoms <= SMALL_UP_TO
    lines = LineCollection(list(points[molecule.bonds]), colors="0.6", linewidths=0.14 * bond, zorder=1)
    axes.add_collection(lines)
    heavy = molecule.heavy
    diameters = np.where(heavy, 0.72, 0.54) if letters else np.where(heavy, 0.9, 0.62)
    axes.scatter(
        points[:, 0], points[:, 1], s=np.square(diameters * bond), c=errors, cmap=COLORS, norm=scale,
        edgecolors="0.45", linewidths=0.04 * bond, zorder=2,
    )  # fmt: skip
    if not letters:
        return
    shades = COLORS(scale(errors))[:, :3] @ (0.299, 0.587, 0.114)  # luma of ITU-R BT.601
    for atom, (x, y) in enumerate(points):
        axes.text(
            x, y, molecule.elements[atom], ha="center", va="center_baseline", zorder=3,
            fontsize=min((0.46 if heavy[atom] else 0.36) * bond, 7.5),
            color="black" if shades[atom] > 0.5 else "white",
        )  # fmt: skip
