"""Are samples like molecular dynamics? Distributions, clashes, handedness, energies over resolution."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cgbench.core.errors import InputError
from cgbench.figures.comparison import decade, draw_methods, from_zero, resolution_ticks
from cgbench.figures.noise_floor import draw_floor, floor_handle, floor_values
from cgbench.figures.style import (
    DIRECTION,
    DOUBLE_COLUMN,
    legend_columns,
    method_handles,
    method_styles,
    notice,
    readable,
    styled,
    without_unit_one,
)
from cgbench.results.tables import mean_over_folds, metric_info

# Those that a table has: a molecule without side chains has no χ, one without a force field no energy.
PANELS = (
    "phi_psi_jsd", "chi_jsd", "bond_length_w1", "angle_w1", "clashes", "chirality_right", "graph_exact",
    "energy_raw", "energy_minimised",
)  # fmt: skip
COLUMNS = 3
ATOMS = "all"


def fidelity(
    metrics: pd.DataFrame, floors: pd.DataFrame, dataset: str, mapping: str, atoms: str = ATOMS
) -> Figure:
    """Draw how like molecular dynamics samples are over the number of beads, a line per method.

    Parameters
    ----------
    metrics
        Table that :func:`cgbench.results.tables.collect` wrote.
    floors
        From :func:`cgbench.figures.noise_floor.read_floors`; those of other datasets are left out.
    dataset, mapping
        Which part of the table.
    atoms
        Set of atoms.

    Raises
    ------
    InputError
        If the table has nothing on this dataset and mapping.
    """
    chosen = metrics[
        (metrics["dataset"] == dataset) & (metrics["mapping"] == mapping) & (metrics["atoms"] == atoms)
    ]
    if chosen.empty:
        raise InputError(f"no rows for dataset {dataset!r} with mapping {mapping!r}; run those cells first")
    panels = [name for name in PANELS if name in set(chosen.loc[chosen["value"].notna(), "metric"])]
    if not panels:
        with styled():
            return notice(
                f"Nothing to draw: run.metrics has none of {', '.join(PANELS)} that is defined here."
            )
    floors = floors[floors["dataset"] == dataset]
    summary = mean_over_folds(chosen)
    styles = method_styles(summary["method"])
    n_columns = min(COLUMNS, len(panels))
    n_rows = -(-len(panels) // n_columns)
    with styled():
        figure = Figure(figsize=(DOUBLE_COLUMN, 0.9 + 2.0 * n_rows), layout="constrained")
        grid = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        for axes, metric in zip(grid, panels, strict=False):
            scores = summary[summary["metric"] == metric]
            floor, facts = floor_values(floors, metric, atoms), metric_info(metric)
            draw_floor(axes, floor, around_zero=facts.better == "zero")
            draw_methods(axes, scores, styles, set(), "se")
            _scale(axes, scores["mean"], floor, facts.better)
            resolution_ticks(axes, sorted(summary["n_beads"].unique()))
            axes.set_title(f"{facts.label}\n{DIRECTION[facts.better]}")
            axes.set_ylabel(f"{atoms} atoms{without_unit_one(scores['unit'].iloc[0])}")
            axes.set_xlabel("resolution (number of beads)")
            axes.spines[["top", "right"]].set_visible(False)
        for axes in grid[len(panels) :]:
            axes.set_visible(False)
        handles = [*method_handles(styles), floor_handle()]
        figure.legend(
            handles=handles, loc="outside lower center", ncols=legend_columns(styles, 4), handlelength=3.4
        )
        figure.suptitle(f"{readable(dataset)}, mapping: {readable(mapping)}", x=0.01, ha="left")
    return figure


def _scale(axes: Axes, means: pd.Series, floor: pd.Series, better: str | None) -> None:
    """Errors logarithmic down to the decade of the smallest that is not 0; shares from 0 to 1.

    Scores of either sign are logarithmic to both sides, down to the decade of the highest floor.
    """
    if better == "higher":
        axes.set_ylim(-0.03, 1.05)
        axes.grid(axis="y", color="0.9", linewidth=0.5)
        axes.set_axisbelow(True)
        return
    values = pd.concat([means, floor])
    if better == "zero":
        lowest, noise = 1.3 * min(means.min(), -floor.max()), decade(floor.nlargest(1))
        from_zero(axes, 1.3 * values.max(), noise, lowest)
    else:
        from_zero(axes, 1.3 * values.max(), decade(values))
