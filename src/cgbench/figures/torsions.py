"""Densities of the backbone torsions φ and ψ, and their differences."""

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LogNorm, Normalize, SymLogNorm
from matplotlib.image import AxesImage
from matplotlib.ticker import FixedLocator
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from cgbench.chem.rama_basins import EDGES

Angles = NDArray[np.float64]  # [n_frames, n_residues, 2], φ and ψ, degrees

# Densities in 1/degree²; the uniform one is 7.7e-6. One scale for all figures.
DENSITY = LogNorm(vmin=1e-6, vmax=1e-3, clip=True)
COLORS = sns.cm.mako_r  # readable in greyscale
# Differences of densities: linear up to the density of one frame of a thousand in a bin.
DIFFERENCE = SymLogNorm(linthresh=1e-5, linscale=0.5, vmin=-1e-3, vmax=1e-3, clip=True)
DIVERGING = "RdBu_r"
OUTLINE = "#d55e00"
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
NO_BACKBONE = "No residue of this molecule has both φ and ψ."


def density(angles: Angles) -> NDArray[np.float64]:
    """Probability density [n_bins, n_bins] of φ (first axis) and ψ in 1/degree², over frames and residues."""
    phi, psi = angles.reshape(-1, 2).T
    return np.histogram2d(phi, psi, bins=(EDGES, EDGES), density=True)[0]


def power_of_ten(value: float, _: object = None) -> str:
    """Label of a power of ten, or of its negative, as text: a formula takes longer to draw."""
    return f"10{str(round(np.log10(abs(value)))).translate(SUPERSCRIPT)}"


def draw_density(axes: Axes, angles: Angles) -> AxesImage:
    """Draw the density on axes in degrees; empty bins are white."""
    return _draw(axes, density(angles), COLORS, DENSITY)


def draw_difference(axes: Axes, angles: Angles, reference: Angles) -> AxesImage:
    """Draw the density minus the density of the reference: red is positive, blue negative, white 0."""
    return _draw(axes, density(angles) - density(reference), DIVERGING, DIFFERENCE)


def _draw(axes: Axes, values: NDArray[np.float64], colors: str | Colormap, scale: Normalize) -> AxesImage:
    image = axes.imshow(
        np.ma.masked_equal(values.T, 0.0),
        origin="lower",
        extent=(-180, 180, -180, 180),
        cmap=colors,
        norm=scale,
        interpolation="nearest",
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(FixedLocator([-120, 0, 120]))
    axes.axhline(0, color="0.8", linewidth=0.4, zorder=-1)
    axes.axvline(0, color="0.8", linewidth=0.4, zorder=-1)
    return image


def write_distance(axes: Axes, value: float, word: str = "ED") -> None:
    """Write an energy distance in the lower right corner, unless it is NaN."""
    if not np.isnan(value):
        box = {"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 1.0}
        text = f"{word} {value:.3f}"
        axes.text(0.97, 0.04, text, transform=axes.transAxes, ha="right", va="bottom", fontsize=6, bbox=box)


def draw_contour(axes: Axes, angles: Angles) -> None:
    """Outline the densest region that holds 95 % of all points."""
    # Periodic smoothing by one bin, without which single frames have outlines.
    values = gaussian_filter(density(angles), sigma=1.0, mode="wrap")
    ranked = np.sort(values.ravel())[::-1]
    level = ranked[np.searchsorted(np.cumsum(ranked) / ranked.sum(), 0.95)]
    centres = (EDGES[:-1] + EDGES[1:]) / 2
    axes.contour(centres, centres, values.T, levels=[level], colors=OUTLINE, linewidths=0.7)
