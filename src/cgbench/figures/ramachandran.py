"""Backbone torsions of samples beside those of molecular dynamics."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from cgbench.core.wording import counted
from cgbench.figures.stored_samples import StoredSamples
from cgbench.figures.style import DOUBLE_COLUMN, add_title, method_styles, notice, readable, styled
from cgbench.figures.torsions import (
    NO_BACKBONE,
    OUTLINE,
    Angles,
    draw_contour,
    draw_density,
    draw_difference,
    power_of_ten,
    write_distance,
)

MARGIN = 1.5  # inches left and right of the panels, for labels and the colour bar


def ramachandran(
    reference: Angles, runs: Sequence[StoredSamples], floor: float = np.nan, title: str = ""
) -> Figure:
    """Draw φ/ψ densities of all methods: a row per method, a column per resolution.

    Parameters
    ----------
    reference : float [n_frames, n_residues, 2]
        φ and ψ of the MD test frames, degrees.
    runs
        One for each method and resolution.
    floor
        ``phi_psi_energy_distance`` of MD against MD; NaN if unknown.
    """
    if not reference.shape[1]:
        return notice(NO_BACKBONE)
    with styled():
        methods = list(method_styles(run.method for run in runs))
        resolutions = sorted({run.n_beads for run in runs})
        width = _width(len(resolutions))
        size = (MARGIN + width * (len(resolutions) + 1), 0.8 + width * len(methods))
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(len(methods), len(resolutions) + 1, squeeze=False, sharex=True, sharey=True)
        for axes in grid.ravel():
            axes.set_visible(False)
        image = _draw(grid[0, 0], reference, reference, floor, "floor")
        grid[0, 0].set_title("MD", pad=3)
        for run in runs:
            axes = grid[methods.index(run.method), 1 + resolutions.index(run.n_beads)]
            _draw(axes, run.torsions, reference, run.distance)
        for row, method in enumerate(methods):
            grid[row, 1].set_ylabel(readable(method).replace(" ", "\n") + "\nψ (°)")
            grid[row, 1].tick_params(labelleft=True)
        for column, n_beads in enumerate(resolutions, start=1):
            grid[0, column].set_title(counted(n_beads, "bead"), pad=3)
            grid[-1, column].set_xlabel("φ (°)")
        bar = min(1.0, 2.0 / len(methods))
        figure.colorbar(
            image, ax=grid[:, -1], label="density (1/degree²)", shrink=bar, aspect=12, anchor=(0.0, 1.0),
            format=power_of_ten,
        )  # fmt: skip
        _finish(figure, title)
    return figure


def ramachandran_difference(
    reference: Angles,
    independent: Angles,
    runs: Sequence[StoredSamples],
    floor: float = np.nan,
    title: str = "",
) -> Figure:
    """Draw one method at all resolutions: its φ/ψ density, and under it the difference to the reference.

    Parameters
    ----------
    reference : float [n_frames, n_residues, 2]
        φ and ψ of the MD test frames, degrees.
    independent : float [n_frames, n_residues, 2]
        φ and ψ of independent MD frames; their difference from the reference is noise.
    runs
        Of one method, from coarse to fine.
    floor, title
        As of :func:`ramachandran`.
    """
    if not reference.shape[1]:
        return notice(NO_BACKBONE)
    with styled():
        width = _width(len(runs))
        size = (MARGIN + 0.2 + width * (len(runs) + 1), 1.2 + 2 * width)
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(2, len(runs) + 1, squeeze=False, sharex=True, sharey=True)
        density = _draw(grid[0, 0], reference, reference, np.nan)
        difference = draw_difference(grid[1, 0], independent, reference)
        write_distance(grid[1, 0], floor, "floor")
        grid[0, 0].set_title("MD", pad=3)
        grid[1, 0].set_title("MD − MD", pad=3)
        for run, upper, lower in zip(runs, grid[0, 1:], grid[1, 1:], strict=True):
            _draw(upper, run.torsions, reference, run.distance)
            draw_difference(lower, run.torsions, reference)
            upper.set_title(counted(run.n_beads, "bead"), pad=3)
            lower.set_title("− MD", pad=3)
        for axes in grid[:, 0]:
            axes.set_ylabel("ψ (°)")
        for axes in grid[1]:
            axes.set_xlabel("φ (°)")
        figure.colorbar(density, ax=grid[0], label="density\n(1/degree²)", aspect=12, format=power_of_ten)
        figure.colorbar(
            difference, ax=grid[1], label="difference\n(1/degree²)", aspect=12,
            ticks=[-1e-3, -1e-4, 0, 1e-4, 1e-3], format=_signed_power,
        )  # fmt: skip
        _finish(figure, runs[0].method, title)
    return figure


def _width(n_resolutions: int) -> float:
    """Width of a panel, inches: as large as the page allows beside the reference."""
    return min(1.3, (DOUBLE_COLUMN - MARGIN) / (n_resolutions + 1))


def _draw(axes: Axes, angles: Angles, reference: Angles, distance: float, word: str = "ED") -> AxesImage:
    axes.set_visible(True)
    image = draw_density(axes, angles)
    draw_contour(axes, reference)
    write_distance(axes, distance, word)
    return image


def _signed_power(value: float, _: object = None) -> str:
    if value == 0:
        return "0"
    return f"{'−' if value < 0 else '+'}{power_of_ten(value)}"


def _finish(figure: Figure, *title: str) -> None:
    outline = Line2D([], [], color=OUTLINE, linewidth=0.8, label="densest region with 95 % of MD frames")
    figure.legend(handles=[outline], loc="outside lower center")
    add_title(figure, *title)
