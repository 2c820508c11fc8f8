"""How torsions, bond lengths and bond angles are distributed in samples and in molecular dynamics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator
from numpy.typing import NDArray

from cgbench.chem.observables import Observables
from cgbench.figures.distribution_terms import Group, Quantity
from cgbench.figures.style import DOUBLE_COLUMN, GREY, method_styles, notice, readable, styled
from cgbench.results.scores_file import BlockSums
from cgbench.results.tables import read_run

Weights = NDArray[np.float64]

RIDGE, AROUND = 0.15, 0.4  # inches for a method's row in a panel, and for what stands around panels
ROOM = 0.25  # for numbers right of the ridges, as a share of their width; at least
LABELS, NUMBER = 1.2, 0.36  # inches left of all panels, and of a number
NARROW = 1.0  # inches of a panel in which numbers at ticks must be small
TALLEST = 0.85  # of a ridge, in rows
MIDDLE = (0.05, 0.95)  # quantiles of MD between which the band lies


@dataclass(frozen=True)
class StoredDistributions:
    """Distributions that scoring has left of one run.

    Attributes
    ----------
    method, n_beads, bound
        Which run, and whether it is the ceiling or floor of all methods.
    weights : dict of float [2, n_terms × bins]
        For each metric that sums over blocks: of MD frames, then of samples.
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


@dataclass(frozen=True)
class Window:
    """Part of an axis on which ridges are drawn: bins ``first`` to ``last``; numbers stand right of it."""

    group: Group
    first: int
    last: int

    @classmethod
    def around(cls, group: Group, reference: Weights, reach: float | None) -> "Window":
        """Make the window around the mean of MD, or of a full turn where there is no reach."""
        places = group.places
        if reach is None:
            return cls(group, 0, len(places) - 1)
        drawn = reference[: len(places)]
        middle = (drawn * places).sum() / drawn.sum()
        first, last = np.searchsorted(places, [middle - reach, middle + reach])
        return cls(group, int(first), min(int(last), len(places) - 1))

    def apply(self, axes: Axes, room: float) -> None:
        """Set the limits of the axis; its line and ticks end with the window.

        Parameters
        ----------
        room
            For numbers right of the window, as a share of its width.
        """
        low, high = self.group.places[[self.first, self.last]]
        axes.set_xlim(low, high + room * (high - low))
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set_bounds(low, high)
        axes.tick_params(axis="y", length=0)
        ticks = MaxNLocator(3, steps=[1, 1.2, 2, 3, 5, 6, 10]).tick_values(low, high)
        axes.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))


def distributions(
    quantity: Quantity,
    runs: Sequence[StoredDistributions],
    floors: Sequence[tuple[Observables, Observables]] = (),
    title: str = "",
) -> Figure:
    """Draw the distributions of one quantity: a row per group of terms, a column per resolution.

    In a panel every method has a ridge, scaled to its own height, below that of MD, and its distance
    from MD at the right. Ceiling and floor are left out: one is MD, the other has no geometry.

    Parameters
    ----------
    quantity
        From :func:`cgbench.figures.distribution_terms.quantities`.
    runs
        Of any folds, which are pooled; their distances are averaged.
    floors
        MD frames and equally many independent ones, of each fold.
    title
        Keys to write above.
    """
    shown = [run for run in runs if not run.bound]
    groups = [group for group in quantity.groups if all(group.metric in run.weights for run in shown)]
    with styled():
        if not groups or not shown:
            return notice(f"Nothing to draw: no run has been scored by a metric of {quantity.name}.")
        drawn = {run.method for run in shown}
        # Styles are those of all methods, so that a method looks the same as in the other figures.
        styles = method_styles(run.method for run in runs)
        methods = {name: look.color for name, look in styles.items() if name in drawn}
        resolutions = sorted({run.n_beads for run in shown})
        height = RIDGE * (len(methods) + 1)
        figure = Figure(figsize=(DOUBLE_COLUMN, 0.4 + (height + AROUND) * len(groups)), layout="constrained")
        columns = max(len(resolutions), 2)
        grid = figure.subplots(len(groups), columns, squeeze=False, sharey=True, sharex="row")
        panel = (DOUBLE_COLUMN - LABELS) / columns
        room = max(ROOM, NUMBER / (panel - NUMBER))
        for row, group in enumerate(groups):
            floor = _floor(group, floors)
            for column, n_beads in enumerate(resolutions):
                axes = grid[row, column]
                pairs = {
                    name: [_distributions(group, run) for run in shown if _is(run, name, n_beads)]
                    for name in methods
                }
                _panel(axes, group, pairs, methods, floor, quantity.reach, room)
                if panel < NARROW:
                    axes.tick_params(axis="x", labelsize="xx-small")
                if row == 0:
                    axes.set_title(f"{n_beads} beads", pad=10)
                    _number(axes, 1.0, quantity.distance, GREY)
                if column == (len(resolutions) - 1) // 2:  # of all columns, which are narrower than it
                    axes.set_xlabel(f"{quantity.axis} {group.label} ({quantity.unit})", labelpad=1)
            words = ["MD (floor)" if floors else "MD", *map(readable, methods)]
            grid[row, 0].set_yticks([0.3 - place for place in range(len(words))], words)
            grid[row, 0].set_ylim(-len(methods) - 0.1, 1.0)
            for axes in grid[row, len(resolutions) :]:
                axes.set_visible(False)
        figure.suptitle(readable(title), x=0.01, ha="left")
    return figure


def _is(run: StoredDistributions, method: str, n_beads: int) -> bool:
    return (run.method, run.n_beads) == (method, n_beads)


def _panel(
    axes: Axes,
    group: Group,
    pairs: Mapping[str, Sequence[tuple[Weights, Weights]]],
    colors: Mapping[str, str],
    floor: float,
    reach: float | None,
    room: float,
) -> None:
    """Draw one group at one resolution; ``pairs`` are those of :func:`_distributions`, by method and fold."""
    reference = np.sum([frames.sum(axis=0) for folds in pairs.values() for frames, _ in folds], axis=0)
    window = Window.around(group, reference, reach)
    if reach is not None:  # a turn has no ends between which most of it lies
        _band(axes, group, reference)
    _ridge(axes, 0.0, reference, window, "0.35")
    if not np.isnan(floor):
        _number(axes, 0.0, _digits(floor), GREY)
    for place, (name, color) in enumerate(colors.items(), start=1):
        if pairs[name]:
            _ridge(axes, -place, np.sum([made.sum(axis=0) for _, made in pairs[name]], axis=0), window, color)
            apart = float(np.mean([group.distance(*pair) for pair in pairs[name]]))
            _number(axes, -place, _digits(apart), color)
    window.apply(axes, room)


def _distributions(group: Group, run: StoredDistributions) -> tuple[Weights, Weights]:
    """Of MD frames and of samples: [n_terms, n_drawn] each."""
    weights = run.weights[group.metric].reshape(2, -1, group.plug_in.bins)
    frames, samples = group.pick(weights)
    return frames, samples


def _floor(group: Group, floors: Sequence[tuple[Observables, Observables]]) -> float:
    """Distance of MD from MD, mean over folds; NaN of no folds."""
    metric = group.plug_in
    values = []
    for parts in floors:
        block = np.zeros(len(parts[0].positions), dtype=np.int64)
        first, second = (group.pick(metric.weights(part, block)[0]) for part in parts)
        values.append(group.distance(first, second))
    return float(np.mean(values)) if values else np.nan


def _band(axes: Axes, group: Group, reference: Weights) -> None:
    """Draw a band through all rows between two quantiles of MD."""
    drawn = reference[: len(group.places)]
    cumulated = np.cumsum(drawn) / drawn.sum()
    low, high = (group.places[np.searchsorted(cumulated, share)] for share in MIDDLE)
    half = (group.places[1] - group.places[0]) / 2
    axes.axvspan(low - half, high + half, color="0.94", linewidth=0, zorder=0)


def _ridge(axes: Axes, base: float, drawn: Weights, window: Window, color: str) -> None:
    # What lies beyond the last place is not drawn, and stored as a length and not as a number.
    counted = drawn[: len(window.group.places)]
    heights = TALLEST * counted / max(counted.max(), 1e-12)
    inside = slice(window.first, window.last + 1)
    places, edge = window.group.places[inside], base + heights[inside]
    axes.fill_between(places, base, edge, color=color, alpha=0.45, linewidth=0, zorder=2)
    axes.plot(places, edge, color=color, linewidth=0.7, zorder=3)
    axes.plot(places[[0, -1]], [base, base], color="0.85", linewidth=0.4, zorder=1)


def _number(axes: Axes, base: float, text: str, color: str) -> None:
    """Write a distance at the right end of a row."""
    axes.text(
        0.99, base + 0.12, text, transform=axes.get_yaxis_transform(), ha="right", va="bottom",
        fontsize=5.5, color=color, zorder=4,
    )  # fmt: skip


def _digits(value: float) -> str:
    """Two significant digits, without an exponent."""
    return np.format_float_positional(value, precision=2, fractional=False, trim="-") if value else "0"
