"""Similarity of samples to molecular dynamics: distributions, diversity, clashes, chirality, energies."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cgbench.figures.noise_floor import draw_floor, floor_handle, floor_values
from cgbench.figures.panels import (
    clear,
    decade,
    draw_points,
    half_width,
    resolution_ticks,
    scale_from_zero,
    shown_part,
)
from cgbench.figures.style import (
    DIRECTION,
    DOUBLE_COLUMN,
    add_title,
    method_legend,
    method_styles,
    notice,
    styled,
    without_unit_one,
)
from cgbench.results.tables import metric_info

# Drawn if a table has them: a molecule without side chains has no χ, one without a force field no energy.
PANELS = (
    "phi_psi_energy_distance", "chi_energy_distance", "bond_length_energy_distance", "angle_energy_distance",
    "clashes", "chirality_right", "graph_exact", "energy_raw_median", "energy_minimised_median", "diversity",
)  # fmt: skip
COLUMNS = 3
ATOMS = "all"


def fidelity(scores: pd.DataFrame, floors: pd.DataFrame, dataset: str, mapping: str) -> Figure:
    """Draw the distances of samples from molecular dynamics over the number of beads, a line per method.

    All atoms.

    Parameters
    ----------
    scores
        Table of :func:`cgbench.statistics.interval_tables.intervals`, or the leaderboard.
    floors
        From :func:`cgbench.figures.noise_floor.read_floors`; those of other datasets are left out.
    dataset, mapping
        Which part of the table.

    Raises
    ------
    InputError
        If the table has nothing on this dataset and mapping.
    """
    chosen = shown_part(scores, dataset, mapping, ATOMS, PANELS)
    panels = [name for name in PANELS if name in set(chosen["metric"])]
    if not panels:
        return notice(f"Nothing to draw: run.metrics has none of {', '.join(PANELS)} that is defined here.")
    floors = floors[floors["dataset"] == dataset]
    styles = method_styles(chosen["method"])
    n_columns = min(COLUMNS, len(panels))
    n_rows = -(-len(panels) // n_columns)
    with styled():
        figure = Figure(figsize=(DOUBLE_COLUMN, 0.9 + 2.0 * n_rows), layout="constrained")
        grid = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        for axes, metric in zip(grid, panels, strict=False):
            drawn = chosen[chosen["metric"] == metric]
            floor, info = floor_values(floors, metric, ATOMS), metric_info(metric)
            draw_floor(axes, floor)
            for name, style in styles.items():
                line = drawn[drawn["method"] == name].sort_values("n_beads")
                draw_points(axes, line["n_beads"], line["mean"], style, y_error=half_width(line), line=True)
            clear(axes)
            axes.grid(axis="x", visible=False)
            _scale(axes, drawn["mean"], floor, info.better)
            resolution_ticks(axes, sorted(chosen["n_beads"].unique()))
            axes.set_title(f"{info.label}\n{DIRECTION[info.better]}")
            axes.set_ylabel(f"{ATOMS} atoms{without_unit_one(drawn['unit'].iloc[0])}")
            axes.set_xlabel("resolution (number of beads)")
        for axes in grid[len(panels) :]:
            axes.set_visible(False)
        method_legend(figure, styles, True, floor_handle())
        add_title(figure, f"{dataset}, mapping: {mapping}")
    return figure


def _scale(axes: Axes, means: pd.Series, floor: pd.Series, better: str | None) -> None:
    """Set a logarithmic scale to both sides of 0, linear below the decade of the noise floor or of all means.

    Scores of which higher is better are shares, on a linear scale from 0 to 1.
    """
    if better == "higher":
        axes.set_ylim(-0.03, 1.05)
        return
    values = pd.concat([means, floor, -floor])
    linear_below = decade(means)
    if not floor.empty:
        linear_below = max(linear_below, decade(floor.abs().nlargest(1)))
    scale_from_zero(axes, 1.3 * values.max(), linear_below, min(1.3 * values.min(), 0.0))
