"""Distributions of torsions, bond lengths and bond angles in samples and in molecular dynamics."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator
from numpy.typing import NDArray

from cgbench.chem.energy_distance import apart
from cgbench.chem.frames import Frames
from cgbench.chem.observables import Observables
from cgbench.core.wording import counted
from cgbench.data.splits import Split
from cgbench.figures.distribution_groups import Compared, Group, Quantity, quantities
from cgbench.figures.run_selection import RunSelection
from cgbench.figures.style import (
    DOUBLE_COLUMN,
    GREY,
    add_title,
    method_styles,
    notice,
    readable,
    styled,
    without_unit_one,
)
from cgbench.results.scores_file import BlockSums
from cgbench.results.tables import read_run
from cgbench.statistics.blocks import independent_blocks
from cgbench.statistics.noise_floor import independent_parts

Weights = NDArray[np.float64]

RIDGE, AROUND = 0.15, 0.4  # heights of a row of a method, and of the space around a panel, inches
LABELS, NUMBER = 1.2, 0.36  # widths of the names of methods, and of a number, inches
NUMBERS = 0.25  # least width for the numbers right of the ridges, relative to the width of the ridges
NARROW = 1.0  # width of panels, inches, below which tick labels are small
TALLEST = 0.85  # height of a ridge, in rows
BAND = (0.05, 0.95)  # quantiles of MD at the ends of the band


@dataclass(frozen=True)
class StoredDistributions:
    """Distributions in the scores of one run.

    Attributes
    ----------
    bound
        ``ceiling`` or ``floor`` for the upper and the lower control, else empty.
    compared
        Distributions of samples and MD frames by label of the group, for the metrics that were scored.
    """

    method: str
    n_beads: int
    bound: str
    compared: dict[str, Compared]


def read_distributions(run_dir: Path | str, groups: Sequence[Group]) -> StoredDistributions:
    """Read ``run.json``, and the sums over blocks of all atoms in ``scores.npz``.

    Raises
    ------
    InputError
        If a file is missing or damaged.
    """
    run = read_run(Path(run_dir) / "run.json")
    sums = BlockSums.of_run(run_dir)
    scored = {metric for metric, atoms in sums.metrics if atoms == "all"}
    needed = {(group.metric, "all"): type(group.plug_in) for group in groups if group.metric in scored}
    stored = {metric: values for (metric, _), values in sums.read(needed)}
    compared = {
        group.label: group.compare(*group.plug_in.terms(stored[group.metric])[:2])
        for group in groups
        if group.metric in stored
    }
    return StoredDistributions(run["method"], run["n_beads"], run.get("bound") or "", compared)


def distribution_figures(selection: RunSelection) -> Iterator[tuple[str, Figure]]:
    """Draw ``torsions``, ``bonds`` and ``angles`` of one dataset and mapping, with all folds pooled.

    Yields the name of each file without suffix, and the figure.

    Raises
    ------
    InputError
        If a file is missing or damaged, or belongs to other frames.
    """
    frames = selection.frames()
    drawn = quantities(frames.molecule)
    groups = [group for quantity in drawn for group in quantity.groups]
    runs = [read_distributions(folder, groups) for folder in selection.runs("scores.npz")]
    folds = sorted({cell.fold for cell in selection.cells})
    floors = [md_against_md(frames, selection.split(fold, frames), groups) for fold in folds]
    for quantity in drawn:
        yield quantity.name, distributions(quantity, runs, floors, selection.title)


def md_against_md(frames: Frames, split: Split, groups: Sequence[Group]) -> dict[str, float]:
    """Distance of the test frames of a fold from equally many independent ones, by label of the group."""
    parts = independent_parts(split)
    blocks = [independent_blocks(frames, part) for part in parts]
    observables = [Observables(frames.positions[part][:, None], frames.molecule) for part in parts]
    found = {}
    for group in groups:
        joined = [group.plug_in.joined(part, frames.molecule) for part in blocks]
        weights = map(group.plug_in.weights, observables, joined)
        found[group.label] = group.compare(*apart(*weights)).distance
    return found


def distributions(
    quantity: Quantity,
    runs: Sequence[StoredDistributions],
    floors: Sequence[Mapping[str, float]] = (),
    title: str = "",
) -> Figure:
    """Draw the distributions of one quantity: a row per group of terms, a column per resolution.

    A panel has a ridge for MD and for every method, all of equal height, with the energy distance from MD at
    the right. The upper and the lower control are left out.

    Parameters
    ----------
    quantity
        From :func:`cgbench.figures.distribution_groups.quantities`.
    runs
        Of any folds, which are pooled; their distances are averaged.
    floors
        Distances of MD from MD in each fold, from :func:`md_against_md`.
    """
    shown = [run for run in runs if not run.bound]
    groups = [group for group in quantity.groups if any(group.label in run.compared for run in shown)]
    with styled():
        if not groups or not shown:
            return notice(f"Nothing to draw: no run has been scored by a metric of {quantity.name}.")
        drawn = {run.method for run in shown}
        # With the styles of all methods, as in the other figures.
        styles = method_styles(run.method for run in runs)
        methods = {name: style.color for name, style in styles.items() if name in drawn}
        resolutions = sorted({run.n_beads for run in shown})
        height = RIDGE * (len(methods) + 1)
        figure = Figure(figsize=(DOUBLE_COLUMN, 0.4 + (height + AROUND) * len(groups)), layout="constrained")
        columns = max(len(resolutions), 2)
        grid = figure.subplots(len(groups), columns, squeeze=False, sharey=True, sharex="row")
        panel = (DOUBLE_COLUMN - LABELS) / columns
        numbers = max(NUMBERS, NUMBER / (panel - NUMBER))
        for row, group in enumerate(groups):
            floor = float(np.mean([values[group.label] for values in floors])) if floors else np.nan
            for column, n_beads in enumerate(resolutions):
                axes = grid[row, column]
                compared = {
                    name: [
                        run.compared[group.label]
                        for run in shown
                        if (run.method, run.n_beads) == (name, n_beads) and group.label in run.compared
                    ]
                    for name in methods
                }
                if not any(compared.values()):  # entries without hydrogens alone
                    axes.set_visible(False)
                    continue
                _panel(axes, group, compared, methods, floor, quantity.half_width, numbers)
                if panel < NARROW:
                    axes.tick_params(axis="x", labelsize="xx-small")
                if row == 0:
                    axes.set_title(counted(n_beads, "bead"), pad=10)
                    _number(axes, 1.0, f"distance{without_unit_one(group.plug_in.unit)}", GREY)
                if column == (len(resolutions) - 1) // 2:  # centred below all columns
                    axes.set_xlabel(f"{quantity.axis} {group.label} ({quantity.unit})", labelpad=1)
            labels = ["MD (floor)" if floors else "MD", *map(readable, methods)]
            grid[row, 0].set_yticks([0.3 - place for place in range(len(labels))], labels)
            grid[row, 0].set_ylim(-len(methods) - 0.1, 1.0)
            for axes in grid[row, len(resolutions) :]:
                axes.set_visible(False)
        add_title(figure, title)
    return figure


def _panel(
    axes: Axes,
    group: Group,
    compared: Mapping[str, Sequence[Compared]],
    colors: Mapping[str, str],
    floor: float,
    half_width: float | None,
    numbers: float,
) -> None:
    """Draw one group at one resolution, compared for each method and fold."""
    reference = np.sum([fold.frames for folds in compared.values() for fold in folds], axis=0)
    inside = _window(group, reference, half_width)
    if half_width is not None:  # a full period has no ends
        _band(axes, group, reference)
    _ridge(axes, 0.0, reference, group, inside, "0.35")
    if not np.isnan(floor):
        _number(axes, 0.0, _digits(floor), GREY)
    for place, (name, color) in enumerate(colors.items(), start=1):
        if folds := compared[name]:
            pooled = np.sum([fold.samples for fold in folds], axis=0)
            _ridge(axes, -place, pooled, group, inside, color)
            distance = float(np.mean([fold.distance for fold in folds]))
            if not np.isnan(distance):
                _number(axes, -place, _digits(distance), color)
    # The axis ends with the ridges, left of the numbers.
    low, high = group.centres[inside][[0, -1]]
    axes.set_xlim(low, high + numbers * (high - low))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_bounds(low, high)
    axes.tick_params(axis="y", length=0)
    ticks = MaxNLocator(3, steps=[1, 1.2, 2, 3, 5, 6, 10]).tick_values(low, high)
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))


def _window(group: Group, reference: Weights, half_width: float | None) -> slice:
    """Bins within ``half_width`` of the mean of MD, or all of them."""
    centres = group.centres
    if half_width is None:
        return slice(0, len(centres))
    drawn = reference[: len(centres)]
    mean = (drawn * centres).sum() / drawn.sum()
    first, last = np.searchsorted(centres, [mean - half_width, mean + half_width])
    return slice(int(first), min(int(last), len(centres) - 1) + 1)


def _band(axes: Axes, group: Group, reference: Weights) -> None:
    """Draw a band through all rows between two quantiles of MD."""
    drawn = reference[: len(group.centres)]
    cumulated = np.cumsum(drawn) / drawn.sum()
    low, high = (group.centres[np.searchsorted(cumulated, share)] for share in BAND)
    half = (group.centres[1] - group.centres[0]) / 2
    axes.axvspan(low - half, high + half, color="0.94", linewidth=0, zorder=0)


def _ridge(axes: Axes, base: float, drawn: Weights, group: Group, inside: slice, color: str) -> None:
    # The weights after the last centre belong to values beyond the grid, and are not counts.
    counted = drawn[: len(group.centres)]
    heights = TALLEST * counted / max(counted.max(), 1e-12)
    x, y = group.centres[inside], base + heights[inside]
    axes.fill_between(x, base, y, color=color, alpha=0.45, linewidth=0, zorder=2)
    axes.plot(x, y, color=color, linewidth=0.7, zorder=3)
    axes.plot(x[[0, -1]], [base, base], color="0.85", linewidth=0.4, zorder=1)


def _number(axes: Axes, base: float, text: str, color: str) -> None:
    """Write a distance at the right end of a row."""
    axes.text(
        0.99, base + 0.12, text, transform=axes.get_yaxis_transform(), ha="right", va="bottom",
        fontsize=5.5, color=color, zorder=4,
    )  # fmt: skip


def _digits(value: float) -> str:
    """Two significant digits, without an exponent."""
    return np.format_float_positional(value, precision=2, fractional=False, trim="-") if value else "0"
