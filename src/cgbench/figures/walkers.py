"""Agreement of independent trajectories: backbone torsions and basin populations of each."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cgbench.chem.dihedrals import phi_psi
from cgbench.chem.frames import Frames
from cgbench.chem.rama_basins import BASINS, BLOCKS, LEFT_HANDED, populations
from cgbench.figures.style import DOUBLE_COLUMN, GREY, add_title, notice, styled
from cgbench.figures.torsions import NO_BACKBONE, draw_density, power_of_ten

# More densities than this would be too small to read; populations are drawn for all trajectories.
DENSITIES_UP_TO = 8
COLUMNS = 4
GREEK = {"beta": "β", "alphaR": r"α$_\mathrm{R}$", "alphaL": r"α$_\mathrm{L}$"}


def walkers(frames: Frames, title: str = "") -> Figure:
    """Draw the φ/ψ density of each trajectory, and under it the population of each basin.

    Parameters
    ----------
    frames
        Molecular dynamics; residues that have φ and ψ are pooled.

    Notes
    -----
    A trajectory with fewer frames than :data:`cgbench.chem.rama_basins.BLOCKS` is left out.
    """
    angles = phi_psi(frames.positions, frames.molecule)
    numbers, counts = np.unique(frames.trajectory, return_counts=True)
    kept = numbers[counts >= BLOCKS]
    if not angles.shape[1]:
        return notice(NO_BACKBONE)
    if not len(kept):
        return notice(f"No trajectory has {BLOCKS} frames or more.")
    with styled():
        n_shown = min(len(kept), DENSITIES_UP_TO)
        n_rows = -(-n_shown // COLUMNS)
        heights = (0.3 + 1.6 * n_rows, 1.9)
        figure = Figure(figsize=(DOUBLE_COLUMN, 0.3 + sum(heights)), layout="constrained")
        parts: Any = figure.subfigures(2, 1, height_ratios=heights)
        upper, lower = parts
        grid = upper.subplots(n_rows, COLUMNS, squeeze=False, sharex=True, sharey=True)
        for axes in grid.ravel()[n_shown:]:
            axes.set_visible(False)
        for axes, number in zip(grid.ravel(), kept, strict=False):
            image = draw_density(axes, angles[frames.trajectory == number])
            axes.set_title(f"trajectory {number + 1}", pad=3)
        for axes in grid[:, 0]:
            axes.set_ylabel("ψ (°)")
        for axes in grid[-1]:
            axes.set_xlabel("φ (°)")
        upper.colorbar(image, ax=grid, label="density (1/degree²)", aspect=12 * n_rows, format=power_of_ten)
        table = populations({str(n + 1): angles[frames.trajectory == n] for n in kept})
        for axes, basin in zip(lower.subplots(1, len(BASINS)), BASINS, strict=True):
            quantity = "share" if basin == LEFT_HANDED else "population"
            _draw_populations(axes, table[table["basin"] == basin], quantity)
            axes.set_title(GREEK.get(basin, basin), pad=3)
            if basin == LEFT_HANDED:
                axes.set_ylabel("share of all frames (%)")
        lower.axes[0].set_ylabel(f"population outside {GREEK[LEFT_HANDED]} (%)")
        add_title(figure, title)
    return figure


def _draw_populations(axes: Axes, rows: pd.DataFrame, quantity: str) -> None:
    """Draw one basin: a point per trajectory, the mean over them as a line with its error."""
    percent = rows.set_index("walker")[quantity] * 100
    errors = rows.set_index("walker")["standard_error"] * 100
    mean, error = percent.pop("all"), errors.pop("all")
    if not np.isnan(error):
        axes.axhspan(mean - error, mean + error, color="0.88", linewidth=0)
    axes.axhline(mean, color=GREY, linewidth=0.8)
    labels = percent.index.astype(int)
    axes.errorbar(
        labels, percent, yerr=errors, fmt="o", color="#0173b2", capsize=1.8, elinewidth=0.8, markersize=3.5
    )
    axes.set_xlabel("trajectory")
    top = max(axes.get_ylim()[1], 1.0)
    axes.set_ylim(-0.04 * top, 1.05 * top)  # room for a marker at 0
    axes.set_xlim(labels.min() - 0.6, labels.max() + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    axes.spines[["top", "right"]].set_visible(False)
