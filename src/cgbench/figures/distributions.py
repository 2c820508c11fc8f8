"""Distributions of torsions, bond lengths and bond angles in samples and in molecular dynamics."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator
from numpy.typing import NDArray

from cgbench.chem.observables import Observables
from cgbench.core.wording import counted
from cgbench.figures.distribution_groups import Group, Quantity, quantities
from cgbench.figures.run_selection import RunSelection
from cgbench.figures.style import DOUBLE_COLUMN, GREY, add_title, method_styles, notice, readable, styled
from cgbench.results.scores_file import BlockSums
from cgbench.results.tables import read_run
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
    method, n_beads
        Which run.
    bound
        ``ceiling`` or ``floor`` for the upper and the lower control, else empty.
    weights : dict of float [2, n_terms × bins]
        Distributions in MD frames and in samples by metric, for the metrics that sum over blocks.
    """

    method: str
    n_beads: int
    bound: str
    weights: dict[str, Weights]


def read_distributions(run_dir: Path | str) -> StoredDistributions:
    """Read ``run.json``, and the sums over blocks of all atoms in ``scores.npz``.

    Raises
    ------
    InputError
        If a file is missing or damaged.
    """
    run = read_run(Path(run_dir) / "run.json")
    sums = BlockSums.of_run(run_dir)
    weights = {
        metric: sums.read((metric, atoms)).sum(axis=0).reshape(2, -1)
        for metric, atoms in sums.metrics
        if atoms == "all"
    }
    return StoredDistributions(run["method"], run["n_beads"], run.get("bound") or "", weights)


def distribution_figures(selection: RunSelection) -> Iterator[tuple[str, Figure]]:
    """Draw ``torsions``, ``bonds`` and ``angles`` of one dataset and mapping, with all folds pooled.

    Yields the name of each file without suffix, and the figure.

    Raises
    ------
    InputError
        If a file is missing or damaged, or belongs to other frames.
    """
    runs = [read_distributions(folder) for folder in selection.runs("scores.npz")]
    frames, floors = selection.frames(), []
    for fold in sorted({cell.fold for cell in selection.cells}):
        first, second = (
            Observables(frames.positions[part][:, None], frames.molecule)
            for part in independent_parts(selection.split(fold, frames))
        )
        floors.append((first, second))
    for quantity in quantities(frames.molecule):
        yield quantity.name, distributions(quantity, runs, floors, selection.title)


def distributions(
    quantity: Quantity,
    runs: Sequence[StoredDistributions],
    floors: Sequence[tuple[Observables, Observables]] = (),
    title: str = "",
) -> Figure:
    """Draw the distributions of one quantity: a row per group of terms, a column per resolution.

    A panel has a ridge for MD and for every method, all of equal height, with the distance from MD at the
    right. The upper and the lower control are left out.

    Parameters
    ----------
    quantity
        From :func:`cgbench.figures.distribution_groups.quantities`.
    runs
        Of any folds, which are pooled; their distances are averaged.
    floors
        MD test frames of each fold, and equally many independent ones.
    title
        Written above the figure.
    """
    shown = [run for run in runs if not run.bound]
    groups = [group for group in quantity.groups if all(group.metric in run.weights for run in shown)]
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
            floor = _floor(group, floors)
            for column, n_beads in enumerate(resolutions):
                axes = grid[row, column]
                pairs = {
                    name: [
                        _distributions(group, run)
                        for run in shown
                        if (run.method, run.n_beads) == (name, n_beads)
                    ]
                    for name in methods
                }
                _panel(axes, group, pairs, methods, floor, quantity.half_width, numbers)
                if panel < NARROW:
                    axes.tick_params(axis="x", labelsize="xx-small")
                if row == 0:
                    axes.set_title(counted(n_beads, "bead"), pad=10)
                    _number(axes, 1.0, quantity.distance, GREY)
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
    pairs: Mapping[str, Sequence[tuple[Weights, Weights]]],
    colors: Mapping[str, str],
    floor: float,
    half_width: float | None,
    numbers: float,
) -> None:
    """Draw one group at one resolution; ``pairs`` come from :func:`_distributions`, by method and fold."""
    reference = np.sum([frames.sum(axis=0) for folds in pairs.values() for frames, _ in folds], axis=0)
    inside = _window(group, reference, half_width)
    if half_width is not None:  # a full period has no ends
        _band(axes, group, reference)
    _ridge(axes, 0.0, reference, group, inside, "0.35")
    if not np.isnan(floor):
        _number(axes, 0.0, _digits(floor), GREY)
    for place, (name, color) in enumerate(colors.items(), start=1):
        if pairs[name]:
            pooled = np.sum([samples.sum(axis=0) for _, samples in pairs[name]], axis=0)
            _ridge(axes, -place, pooled, group, inside, color)
            distance = float(np.mean([group.distance(*pair) for pair in pairs[name]]))
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


def _distributions(group: Group, run: StoredDistributions) -> tuple[Weights, Weights]:
    """Distributions [n_terms, n_compared] in MD frames and in samples."""
    weights = run.weights[group.metric].reshape(2, -1, group.plug_in.bins)
    frames, samples = group.select(weights)
    return frames, samples


def _floor(group: Group, floors: Sequence[tuple[Observables, Observables]]) -> float:
    """Distance of MD from MD, mean over folds; NaN without folds."""
    metric = group.plug_in
    values = []
    for parts in floors:
        block = np.zeros(len(parts[0].positions), dtype=np.int64)
        values.append(group.distance(*(group.select(metric.weights(part, block)[0]) for part in parts)))
    return float(np.mean(values)) if values else np.nan


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
