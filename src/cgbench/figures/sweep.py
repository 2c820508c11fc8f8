"""Reconstruction against sampling along the values of one setting, such as β."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cgbench.core.errors import InputError
from cgbench.core.wording import counted
from cgbench.figures.noise_floor import draw_floor, floor_handle, floor_values
from cgbench.figures.panels import clear, draw_points, mean_and_error
from cgbench.figures.style import (
    DIRECTION,
    DOUBLE_COLUMN,
    GREY,
    MARKERS,
    MethodStyle,
    add_title,
    notice,
    readable,
    styled,
    without_unit_one,
)
from cgbench.results.tables import metric_info, read_run

Point = tuple[float, float]  # mean and half its interval

ACROSS = "rmsd_recon"
UPWARDS = ("rmsd_backmap_min", "phi_psi_energy_distance", "graph_xor")
COLORS = "flare"  # seaborn's: light to dark as the setting grows
SYMBOLS = {"beta": "β", "gamma": "γ"}


def select_sweep(scores: pd.DataFrame, run_dirs: Iterable[Path | str], setting: str) -> pd.DataFrame:
    """Select the scores of the runs with a setting, and add its value as column ``value_set``.

    Parameters
    ----------
    scores
        Table of :func:`cgbench.statistics.interval_tables.intervals`, or the leaderboard, of one dataset and
        mapping.

    Raises
    ------
    InputError
        If a file is missing or damaged, if the setting has fewer than two values, or if the methods
        differ in anything else.
    """
    values: dict[str, float] = {}
    others: dict[str, dict[str, Any]] = {}
    for directory in map(Path, run_dirs):
        run = read_run(directory / "run.json")
        settings = {name: value for name, value in run.items() if name.startswith("settings.")}
        value = settings.pop(f"settings.{setting}", None)
        if isinstance(value, int | float):
            values[run["method"]] = float(value)
            others[run["method"]] = settings
    if len(set(values.values())) < 2:
        raise InputError(
            f"setting {setting!r} has {len(set(values.values()))} different values in these runs; "
            "run.methods needs at least two methods that differ in it"
        )
    first, *rest = others
    for method in rest:
        both = others[first] | others[method]
        differ = [name for name in both if others[first].get(name) != others[method].get(name)]
        if differ:
            raise InputError(
                f"methods {first!r} and {method!r} differ in {', '.join(differ)} as well as in {setting!r}; "
                "name the methods to compare with --method"
            )
    chosen = scores[scores["method"].isin(list(values))]
    return chosen.assign(value_set=chosen["method"].map(values).to_numpy())


def sweep(table: pd.DataFrame, floors: pd.DataFrame, setting: str, title: str = "") -> Figure:
    """Draw scores of samples against the reconstruction error, a line per resolution along a setting.

    All atoms.

    Parameters
    ----------
    table
        From :func:`select_sweep`, of one dataset and mapping.
    floors
        From :func:`cgbench.figures.noise_floor.read_floors`; those of the dataset are drawn.
    """
    chosen = table[table["atoms"] == "all"].dropna(subset="mean")
    floors = floors[floors["dataset"].isin(table["dataset"])]
    values = chosen.groupby("method")["value_set"].first()
    points = mean_and_error(chosen)
    along = values.sort_values()
    units = chosen.groupby("metric")["unit"].first()
    upwards = [name for name in UPWARDS if name in units]
    if not upwards or ACROSS not in units:
        return notice(f"Nothing to draw: run.metrics needs {ACROSS} and one of {', '.join(UPWARDS)}.")
    steps, resolutions = sorted(set(values)), sorted(chosen["n_beads"].unique().tolist())
    colors = dict(zip(steps, sns.color_palette(COLORS, len(steps)).as_hex(), strict=True))
    markers = {n_beads: MARKERS[i % len(MARKERS)] for i, n_beads in enumerate(resolutions)}
    with styled():
        figure = Figure(figsize=(DOUBLE_COLUMN, 3.0), layout="constrained")
        for axes, metric in zip(figure.subplots(1, len(upwards), squeeze=False)[0], upwards, strict=True):
            floor = floor_values(floors, metric, "all")
            draw_floor(axes, floor)
            for n_beads in resolutions:
                line = [
                    (colors[value], points[n_beads, name, ACROSS], points[n_beads, name, metric])
                    for name, value in zip(along.index.tolist(), along, strict=True)
                    if points.keys() >= {(n_beads, name, ACROSS), (n_beads, name, metric)}
                ]
                _draw(axes, line, markers[n_beads])
            info, across = metric_info(metric), metric_info(ACROSS)
            axes.set_ylabel(f"{info.label}{without_unit_one(units[metric])}")
            axes.set_xlabel(f"{across.label}{without_unit_one(units[ACROSS])}")
            axes.set_title(DIRECTION[info.better])
            axes.margins(0.12)
            clear(axes)
        _legend(figure, setting, colors, markers)
        words = ", ".join(filter(None, (title, "all atoms")))
        add_title(figure, f"{SYMBOLS.get(setting, setting)} varies", words)
    return figure


def _draw(axes: Axes, line: Sequence[tuple[str, Point, Point]], marker: str) -> None:
    """Draw one resolution: a line in the order of the setting, a point with its error bars for each value."""
    axes.plot(
        [x for _, (x, _), _ in line], [y for _, _, (y, _) in line], color="0.75", linewidth=0.9, zorder=1
    )
    for color, (x, x_error), (y, y_error) in line:
        draw_points(axes, x, y, MethodStyle(color, marker, "none"), 6, x_error, y_error)


def _legend(figure: Figure, setting: str, colors: dict[float, str], markers: dict[Any, str]) -> None:
    symbol = SYMBOLS.get(setting, readable(setting))
    handles: list[Any] = [
        Line2D([], [], color=color, marker="o", ls="none", ms=6, label=f"{symbol} = {_plain(value)}")
        for value, color in colors.items()
    ]
    handles += [
        Line2D([], [], color=GREY, marker=marker, ls="none", ms=6, label=counted(n_beads, "bead"))
        for n_beads, marker in markers.items()
    ]
    figure.legend(handles=[*handles, floor_handle()], loc="outside lower center", ncols=5)


def _plain(value: float) -> str:
    return np.format_float_positional(value, trim="-")
