"""The look that all figures share: type sizes for print, one style per method, reproducible files."""

import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cgbench.core.atomic_io import atomic_output
from cgbench.runtime.tracking import track

# Width of a journal's page with two columns, inches.
DOUBLE_COLUMN = 7.2

GREY = "0.45"

# What to say of a metric, by which of its values are better.
DIRECTION = {
    "lower": "↓ lower is better",
    "higher": "↑ higher is better",
    "zero": "→ 0 is ideal",
    None: "",
}

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
    # Element names follow from the content instead of from chance.
    "svg.hashsalt": "cgbench",
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw and save with the settings above, whatever the user's own matplotlib settings are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(RC)
        yield


@dataclass(frozen=True)
class MethodStyle:
    """How one method is drawn everywhere; marker and line tell methods apart in greyscale."""

    color: str
    marker: str
    linestyle: str | tuple[int, tuple[float, ...]]


# seaborn's palette ``colorblind``, written out because loading seaborn takes seconds that most figures have
# no other use for.
PALETTE = (
    "#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc",
    "#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9",
)  # fmt: skip
# Places in the palette that hold against white paper: its pink and yellow do not.
PRINTABLE = (0, 1, 2, 3, 4)
# For methods that come later: dark, so that they stand apart from the palette.
MORE = ("#8c1d5b", "#5b6b00", "#12506b", "#7a4a12", "#0b7a5c", "#5a3d8a")
DASHES: tuple[str | tuple[int, tuple[float, ...]], ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (5, 1.2, 1, 1.2)),
    (0, (2.5, 1.2)),
    (0, (7, 1.2, 1, 1.2, 1, 1.2)),
)
MARKERS = "osD^v<>8dH"  # with a face, that of controls too: a hollow one says that all samples are equal
EDGE, EDGE_WIDTH = "white", 0.4  # of markers, points
LEGEND_HANDLE, LETTER = 0.45, 0.055  # inches, of an entry before its name and of a letter
# Methods with a place of their own, so that adding a method never recolours these.
KNOWN = ("cgvae", "linear", "equivariant_linear", "mlp", "equivariant_mlp")
# Controls stand back in black, greys and earth, the one to beat in front.
CONTROLS = {
    "nearest_frame": MethodStyle("#000000", "P", "-"),
    "conditional_gaussian": MethodStyle("#56b4e9", "h", (0, (5, 1.5))),
    "rigid_template": MethodStyle("#ca9161", "p", (0, (5, 1.2, 1, 1.2))),
    "gaussian_relaxed": MethodStyle("#2a6f97", "H", (0, (2.5, 1.2))),
    "mlp_relaxed": MethodStyle("#8a3d00", "d", (0, (2.5, 1.2))),
    "true_frames": MethodStyle("#6e6e6e", "*", (0, (1, 1))),
    "on_beads": MethodStyle("#a6a6a6", "X", (0, (1, 1))),
}


def method_styles(methods: Iterable[str]) -> dict[str, MethodStyle]:
    """Style of each method, with colours of :data:`PALETTE`.

    Known methods and controls always look the same; the others take what is left in alphabetical
    order, so that one set of methods looks the same in all figures of a benchmark. The result is in
    the order in which a legend lists them.
    """
    chosen = set(methods)
    colors = [*(PALETTE[i] for i in PRINTABLE), *MORE]
    styles = {
        name: MethodStyle(colors[i % len(colors)], MARKERS[i % len(MARKERS)], DASHES[i % len(DASHES)])
        for i, name in enumerate([*KNOWN, *sorted(chosen - {*KNOWN, *CONTROLS})])
    }
    return {name: look for name, look in (styles | CONTROLS).items() if name in chosen}


def point_sizes(styles: dict[str, MethodStyle]) -> dict[str, float]:
    """Marker sizes for points that may coincide, points: later ones, on top, leave a rim of earlier ones."""
    return dict(zip(styles, np.linspace(8.0, 4.5, len(styles)), strict=True))


def method_handles(styles: dict[str, MethodStyle], lines: bool = True) -> list[Line2D]:
    """Entries of a legend of methods, with the lines that join their points or without."""
    return [
        Line2D(
            [],
            [],
            color=look.color,
            marker=look.marker,
            mec=EDGE,
            mew=EDGE_WIDTH,
            ls=look.linestyle if lines else "none",
            label=readable(name),
        )
        for name, look in styles.items()
    ]


def legend_columns(names: Iterable[str], most: int) -> int:
    """Columns of a legend under a figure: as many as names of methods leave room for, at most ``most``."""
    longest = max((len(readable(name)) for name in names), default=0)
    return max(1, min(most, int(DOUBLE_COLUMN / (LEGEND_HANDLE + longest * LETTER))))


def readable(name: str) -> str:
    """Turn a key such as ``equivariant_mlp`` into words for a legend."""
    return name.replace("_", " ")


def without_unit_one(unit: str) -> str:
    """Put a unit in brackets for an axis; a pure number has the unit 1, which an axis does not show."""
    return f" ({unit})" if unit not in ("", "1") else ""


def notice(text: str) -> Figure:
    """Return a small figure that says why there is nothing to draw.

    A workflow must know its files before it knows their content, so a figure that turns out to be
    empty still has to exist.
    """
    figure = Figure(figsize=(DOUBLE_COLUMN / 2, 0.8))
    figure.text(0.5, 0.5, text, ha="center", va="center", color=GREY, wrap=True)
    return figure


def add_note(figure: Figure, text: str) -> Figure:
    """Write what a reader must know, such as what is missing, above a figure; nothing if it is empty."""
    if text:
        # On average, a letter is a little over half as wide as its type is high.
        lines = textwrap.wrap(text, int(figure.get_figwidth() * 72 / RC["figure.titlesize"] * 1.75))
        with styled():
            figure.suptitle("\n".join(filter(None, [figure.get_suptitle(), *lines])), x=0.01, ha="left")
    return figure


def save(figure: Figure, path: Path | str) -> tuple[Path, Path]:
    """Write the figure as SVG and, beside it, as PNG (200 dpi); equal figures give equal files.

    A tracker gets a copy, where there is one.

    Parameters
    ----------
    path
        Where the SVG goes; the PNG has the same name with ``.png``.

    Returns
    -------
    tuple of Path
        Of the SVG and the PNG.
    """
    svg, png = Path(path).with_suffix(".svg"), Path(path).with_suffix(".png")
    with styled():
        for target, metadata in ((svg, {"Date": None}), (png, {})):
            with atomic_output(target) as temporary:
                figure.savefig(temporary, metadata=metadata, facecolor="white")
    with track("figure", {"figure": "/".join(svg.with_suffix("").parts[-3:])}, {}) as tracker:
        tracker.log_image(svg.stem, png)
    return svg, png
