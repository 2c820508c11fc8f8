"""Bands that show the noise floor: the distance of molecular dynamics from itself."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from cgbench.core.safe_io import explained, require

BAND = "0.85"
LABEL = "noise floor: MD against MD"


def read_floors(paths: Iterable[Path | str]) -> pd.DataFrame:
    """Read the tables that :func:`cgbench.statistics.noise_floor.write_noise_floor` wrote, one for each fold.

    Returns
    -------
    DataFrame
        Their rows, with the columns dataset, metric, atoms and value among others; none without files.

    Raises
    ------
    InputError
        If a file is missing or damaged.
    """
    nothing = pd.DataFrame({"dataset": [], "metric": [], "atoms": [], "value": []})
    return pd.concat([_read(Path(path)) for path in paths] or [nothing], ignore_index=True)


def _read(path: Path) -> pd.DataFrame:
    with explained(path, "a noise floor", "run `cgbench noise-floor` first", "delete it and run again"):
        table = pd.read_csv(path)
        require("method" not in table, "MD alone and no methods")
        return table.astype({"dataset": str, "metric": str, "atoms": str, "value": float})


def floor_values(floors: pd.DataFrame, metric: str, atoms: str) -> pd.Series:
    """Noise floor of a metric in each fold; empty for a metric that has none."""
    return floors.loc[(floors["metric"] == metric) & (floors["atoms"] == atoms), "value"]


def draw_floor(axes: Axes, values: pd.Series) -> None:
    """Draw a band to both sides of 0, the mean of all floors, by the largest absolute value of the folds."""
    if not values.empty:
        largest = values.abs().max()
        axes.axhspan(-largest, largest, color=BAND, linewidth=0, zorder=0, label=LABEL)


def floor_handle() -> Patch:
    """Entry of a legend."""
    return Patch(facecolor=BAND, label=LABEL)
