"""The trade that every generative method makes: samples that differ against samples that are valid."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from cgbench.figures.method_points import draw_point, method_points
from cgbench.figures.panels import label_outside, mean_and_error, resolution_panels
from cgbench.figures.style import GREY, legend_columns, method_handles, notice, readable, styled
from cgbench.results.tables import metric_info

VALIDITY, DIVERSITY = "graph_xor", "diversity"
LINEAR_BELOW = 0.01  # λ below which the axis is linear, so that 0 has a place


def trade(metrics: pd.DataFrame, dataset: str, mapping: str, atoms: str = "all") -> Figure:
    """Draw diversity against the bond graph's error, a panel per resolution and a point per method.

    Parameters
    ----------
    metrics
        Table that :func:`cgbench.results.tables.collect` wrote.
    dataset, mapping, atoms
        Which part of it.

    Raises
    ------
    InputError
        If the table has nothing on this dataset and mapping.
    """
    points = method_points(metrics, dataset, mapping, atoms, (VALIDITY, DIVERSITY))
    scores = mean_and_error(points.summary)
    if not scores:
        with styled():
            return notice(f"Nothing to draw: run.metrics has neither {VALIDITY} nor {DIVERSITY}.")
    with styled():
        figure, panels = resolution_panels(points.resolutions, height=1.9, room=0.95)
        for n_beads, axes in panels:
            for name, look in points.styles.items():
                cells = [(n_beads, name, metric) for metric in (VALIDITY, DIVERSITY)]
                if not scores.keys() >= set(cells):
                    continue
                (validity, x_error), (diversity, y_error) = (scores[cell] for cell in cells)
                draw_point(axes, validity, diversity, look, points.sizes[name], x_error, y_error)
            _goal(axes)
        means = points.summary.groupby("metric")["mean"]
        _scale(panels[0][1], means.max().get(VALIDITY, 1.0), means.min().get(DIVERSITY, 0.0))
        across, along = (metric_info(name).label for name in (VALIDITY, DIVERSITY))
        folded = along.replace(" (", "\n(")  # it is longer than the axis
        words = f"{across}, {atoms} atoms", f"{folded}, {atoms} atoms"
        label_outside([axes for _, axes in panels], *words)
        handles = method_handles(points.styles, lines=False)
        figure.legend(handles=handles, loc="outside lower center", ncols=legend_columns(points.styles, 5))
        figure.suptitle(f"{readable(dataset)}, mapping: {readable(mapping)}", x=0.01, ha="left")
    return figure


def _goal(axes: Axes) -> None:
    """Point to where independent draws from the truth are: no wrong bond, and as different as off."""
    axes.axhline(0, color=GREY, linewidth=0.5, zorder=1)
    axes.axvline(0, color=GREY, linewidth=0.5, zorder=1)
    axes.annotate(
        "better",
        xy=(0, 0),
        xytext=(0.3, 0.33),
        textcoords="axes fraction",
        ha="center",
        va="center",
        color=GREY,
        fontsize=6.5,
        arrowprops={"arrowstyle": "-|>", "color": "0.7", "linewidth": 1.0, "shrinkB": 7},
        zorder=2,
    )


def _scale(axes: Axes, worst: float, lowest: float) -> None:
    axes.set_xscale("symlog", linthresh=LINEAR_BELOW, linscale=0.6)
    axes.set_xlim(-LINEAR_BELOW / 4, max(2.0, 1.6 * worst))
    axes.xaxis.set_major_locator(FixedLocator([0.0, 0.01, 0.1, 1.0, 10.0]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_ylim(min(-0.12, 1.15 * lowest), 1.08)
