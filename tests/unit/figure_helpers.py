"""What tests of figures share."""

import json
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure


def panels(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.axes if axes.get_visible() and axes.get_label() != "<colorbar>"]


def write_run(directory: Path, n_beads: int, fold: int, history: str | None = None) -> Path:
    directory.mkdir(parents=True)
    run = {"dataset": "toy", "mapping": "pairs", "n_beads": n_beads, "method": "cgvae", "fold": fold}
    run["stochastic"] = True
    (directory / "run.json").write_text(json.dumps(run))
    if history is not None:
        (directory / "history.csv").write_text(history)
    return directory
