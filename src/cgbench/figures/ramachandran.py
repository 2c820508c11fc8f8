"""Backbone torsions of samples beside those of molecular dynamics."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from cgbench.errors import InputError
from cgbench.figures.style import DOUBLE_COLUMN, method_styles, notice, readable, styled
from cgbench.figures.torsions import NO_BACKBONE, OUTLINE, Angles, draw_contour, draw_density
from cgbench.frames import Frames
from cgbench.molecule import IntArray
from cgbench.results import read_run
from cgbench.samples import Samples
from cgbench.torsions import phi_psi

# Inches for what stands left and right of the panels: labels and the colour bar.
MARGIN = 1.5


@dataclass(frozen=True)
class SampledTorsions:
    """φ and ψ of the samples of one run.

    Attributes
    ----------
    method, n_beads
        Which run.
    frame_index : int [n_test]
        Which frames the samples belong to.
    angles : float [n_test × n_samples, n_residues, 2]
        Degrees.
    """

    method: str
    n_beads: int
    frame_index: IntArray
    angles: Angles


def read_torsions(run_dir: Path | str, frames: Frames) -> SampledTorsions:
    """Measure the samples of one run, ``samples.npz`` beside its ``run.json``.

    Raises
    ------
    InputError
        If a file is missing or damaged, or belongs to other frames.
    """
    run, path = read_run(Path(run_dir) / "run.json"), Path(run_dir) / "samples.npz"
    stored = Samples.load(path)
    index, samples = stored.frame_index, stored.samples
    n_atoms = frames.molecule.n_atoms
    if samples.ndim != 4 or samples.shape[2:] != (n_atoms, 3) or index.max(initial=0) >= len(frames):
        raise InputError(
            f"{path}: samples of shape {samples.shape} do not fit {len(frames)} frames of {n_atoms} atoms"
        )
    angles = phi_psi(samples.reshape(-1, n_atoms, 3), frames.molecule)
    return SampledTorsions(run["method"], run["n_beads"], index, angles)


def ramachandran(frames: Frames, sampled: Iterable[SampledTorsions], title: str = "") -> Figure:
    """Draw φ/ψ densities: a row per method, a column per resolution, the reference in front.

    Several runs of one method and resolution (folds) are pooled.

    Parameters
    ----------
    frames
        Molecular dynamics, of which the frames that samples belong to are the reference.
    title
        Keys to write above.
    """
    runs = list(sampled)
    if not runs:
        raise InputError("no runs given; name at least one directory that holds run.json and samples.npz")
    tested = np.unique(np.concatenate([run.frame_index for run in runs]))
    reference = phi_psi(frames.positions[tested], frames.molecule)
    with styled():
        if not reference.shape[1]:
            return notice(NO_BACKBONE)
        methods = list(method_styles(run.method for run in runs))
        resolutions = sorted({run.n_beads for run in runs})
        width = min(1.3, (DOUBLE_COLUMN - MARGIN) / (len(resolutions) + 1))
        size = (MARGIN + width * (len(resolutions) + 1), 0.8 + width * len(methods))
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(len(methods), len(resolutions) + 1, squeeze=False, sharex=True, sharey=True)
        for axes in grid.ravel():
            axes.set_visible(False)
        image = _draw(grid[0, 0], reference, reference)
        grid[0, 0].set_title("MD", pad=3)
        for row, method in enumerate(methods):
            for column, n_beads in enumerate(resolutions, start=1):
                chosen = [run.angles for run in runs if (run.method, run.n_beads) == (method, n_beads)]
                if chosen:
                    _draw(grid[row, column], np.concatenate(chosen), reference)
            grid[row, 1].set_ylabel(readable(method).replace(" ", "\n") + "\nψ (°)")
            grid[row, 1].tick_params(labelleft=True)
        for column, n_beads in enumerate(resolutions, start=1):
            grid[0, column].set_title(f"{n_beads} beads", pad=3)
            grid[-1, column].set_xlabel("φ (°)")
        bar = min(1.0, 2.0 / len(methods))
        figure.colorbar(image, ax=grid[:, -1], label="density (1/degree²)", shrink=bar, aspect=12)
        outline = Line2D([], [], color=OUTLINE, linewidth=0.8, label="densest region with 95 % of MD frames")
        figure.legend(handles=[outline], loc="outside lower center")
        figure.suptitle(readable(title), x=0.01, ha="left")
    return figure


def _draw(axes: Axes, angles: Angles, reference: Angles) -> AxesImage:
    axes.set_visible(True)
    image = draw_density(axes, angles)
    draw_contour(axes, reference)
    return image
