"""Style that all figures share: type sizes for print, one style per method, reproducible files."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cgbench.core.atomic_io import atomic_output
from cgbench.runtime.tracking import track

# Width of a journal's page with two columns, inches.
DOUBLE_COLUMN = 7.2

GREY = "0.45"

# Formats of every figure, and metadata without the date of drawing.
PRINT: dict[str, dict[str, Any]] = {".svg": {"Date": None}, ".png": {}, ".pdf": {"CreationDate": None}}

# Words for the values of a metric that are better.
DIRECTION = {"lower": "↓ lower is better", "higher": "↑ higher is better", "zero": "→ 0 is ideal", None: ""}

RC: dict[Any, Any] = {
    "figure.dpi": 100,
    "savefig.dpi": 200,
    # Bundled with matplotlib, so that text takes the same room on every machine.
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.labelsize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "figure.titlesize": 9,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.5,
    "legend.frameon": False,
    # Text stays text: it can be searched, and edited in a drawing program.
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    # Element names follow from the content instead of from chance.
    "svg.hashsalt": "cgbench",
}


@contextmanager
def styled(changes: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Draw and save with the settings above, and ``changes``, instead of the user's matplotlib settings."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(RC | dict(changes or {}))
        yield


@dataclass(frozen=True)
class MethodStyle:
    """How one method is drawn everywhere; marker and line tell methods apart in greyscale."""

    color: str
    marker: str
    linestyle: str | tuple[int, tuple[float, ...]]


# The palette ``colorblind`` of seaborn, which takes seconds to import.
PALETTE = (
    "#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc",
    "#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9",
)  # fmt: skip
# Colours of the palette with enough contrast to white.
PRINTABLE = (0, 1, 2, 3, 4)
# Dark colours for further methods.
MORE = ("#8c1d5b", "#5b6b00", "#12506b", "#c40c0c", "#0b7a5c", "#4a4a9a")
DASHES: tuple[str | tuple[int, tuple[float, ...]], ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (5, 1.2, 1, 1.2)),
    (0, (2.5, 1.2)),
    (0, (7, 1.2, 1, 1.2, 1, 1.2)),
)
MARKERS = "osD^v<>8dH"
EDGE, EDGE_WIDTH = "white", 0.4  # of markers, points
LEGEND_HANDLE, LETTER = 0.45, 0.055  # inches, of the line of an entry and of a letter
# Methods with fixed styles, so that adding a method never recolours these.
KNOWN = ("cgvae", "linear", "equivariant_linear", "mlp", "equivariant_mlp")
CONTROLS = {
    "nearest_frame": MethodStyle("#000000", "P", "-"),
    "conditional_gaussian": MethodStyle("#12899c", "h", (0, (5, 1.5))),
    "rigid_template": MethodStyle("#ca9161", "p", (0, (5, 1.2, 1, 1.2))),
    "conditional_gaussian_refined": MethodStyle("#7a52b3", "H", (0, (2.5, 1.2))),
    "mlp_refined": MethodStyle("#8a3d00", "d", (0, (2.5, 1.2))),
    "conditional_gaussian_minimised": MethodStyle("#b0477d", "8", (0, (5, 1.2, 1, 1.2))),
    "true_frames": MethodStyle("#6e6e6e", "*", (0, (1, 1))),
    "on_beads": MethodStyle("#8a8a8a", "X", (0, (1, 1))),
}


def method_styles(methods: Iterable[str]) -> dict[str, MethodStyle]:
    """Style of each method, with colours of :data:`PALETTE`.

    The styles of known methods and controls are fixed. The others take the remaining styles in
    alphabetical order, so that all figures of a benchmark agree. The result is in the order of a legend.
    """
    chosen = set(methods)
    colors = [*(PALETTE[i] for i in PRINTABLE), *MORE]
    styles = {
        name: MethodStyle(colors[i % len(colors)], MARKERS[i % len(MARKERS)], DASHES[i % len(DASHES)])
        for i, name in enumerate([*KNOWN, *sorted(chosen - {*KNOWN, *CONTROLS})])
    }
    return {name: style for name, style in (styles | CONTROLS).items() if name in chosen}


def point_sizes(styles: dict[str, MethodStyle]) -> dict[str, float]:
    """Marker sizes (points) that decrease, so that points which coincide are all visible."""
    return dict(zip(styles, np.linspace(8.0, 4.5, len(styles)), strict=True))


def method_legend(
    figure: Figure, styles: dict[str, MethodStyle], lines: bool, *extra: Artist, most: int = 4
) -> None:
    """Add a legend of the methods, with lines or markers alone, and ``extra`` entries below the panels.

    It has as many columns as the names leave room for, at most ``most``.
    """
    handles = [
        Line2D(
            [],
            [],
            color=style.color,
            marker=style.marker,
            mec=EDGE,
            mew=EDGE_WIDTH,
            ls=style.linestyle if lines else "none",
            label=readable(name),
        )
        for name, style in styles.items()
    ]
    longest = max((len(name) for name in styles), default=0)
    columns = max(1, min(most, int(DOUBLE_COLUMN / (LEGEND_HANDLE + longest * LETTER))))
    figure.legend(
        handles=[*handles, *extra],
        loc="outside lower center",
        ncols=columns,
        handlelength=3.4 if lines else None,
    )


def add_title(figure: Figure, *parts: str) -> None:
    """Write a title above the figure, at the left: its parts that are not empty, separated by colons."""
    figure.suptitle(": ".join(filter(None, map(readable, parts))), x=0.01, ha="left")


def readable(name: str) -> str:
    """Turn a key such as ``equivariant_mlp`` into words for a legend."""
    return name.replace("_", " ")


def without_unit_one(unit: str) -> str:
    """Put a unit in brackets for an axis; the unit 1 of pure numbers is not shown."""
    return f" ({unit})" if unit not in ("", "1") else ""


def notice(text: str) -> Figure:
    """Return a small figure with a text instead of data; the workflow expects a file in any case."""
    with styled():
        figure = Figure(figsize=(DOUBLE_COLUMN / 2, 0.8))
        figure.text(0.5, 0.5, text, ha="center", va="center", color=GREY, wrap=True)
    return figure


def add_note(figure: Figure, text: str) -> Figure:
    """Write a text, such as a list of missing runs, above a figure; nothing if it is empty."""
    if text:
        # The mean width of a letter is a little over half of the type size.
        lines = textwrap.wrap(text, int(figure.get_figwidth() * 72 / RC["figure.titlesize"] * 1.75))
        with styled():
            figure.suptitle("\n".join(filter(None, [figure.get_suptitle(), *lines])), x=0.01, ha="left")
    return figure


def save(figure: Figure, path: Path | str) -> None:
    """Write the figure as SVG, PNG (200 dpi) and PDF of the same name; equal figures give equal files.

    The tracker, if any, gets a copy of the PNG.
    """
    with styled():
        # Once for all files: the layout takes longer than the drawing, and they show the same.
        figure.draw_without_rendering()
        figure.set_layout_engine(None)
        for suffix, metadata in PRINT.items():
            with atomic_output(Path(path).with_suffix(suffix)) as temporary:
                figure.savefig(temporary, metadata=metadata, facecolor="white")
    png = Path(path).with_suffix(".png")
    with track("figure", {"figure": "/".join(png.with_suffix("").parts[-3:])}, {}) as tracker:
        tracker.log_image(png.stem, png)


def save_all(figures: Iterable[tuple[str, Figure]], directory: Path | str, note: str = "") -> None:
    """Save named figures in a directory, with a note above each."""
    for name, figure in figures:
        save(add_note(figure, note), Path(directory) / f"{name}.svg")
