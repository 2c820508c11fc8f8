"""Table of the leakage study: summary, writing and reading."""

from pathlib import Path

import numpy as np
import pandas as pd

from cgbench.core.atomic_io import atomic_output
from cgbench.core.errors import InputError
from cgbench.statistics.confidence_intervals import Estimate, FoldValues, mean_of_defined

SPLITS = ("leak_free", "published")
LABELS = ("split", "fold", "trajectory", "frame")
NEAREST_BEADS, NEAREST_ATOMS = "nearest beads", "nearest atoms"  # distance to the nearest training frame
SUMMARY_COLUMNS = ("quantity", *SPLITS, "difference", "low", "high", "p")


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Compare the two splits on the trajectories that both test, paired by trajectory.

    A fold of one split tests other frames than that of the other, but over all folds both test the same
    trajectories. These are paired.

    Returns
    -------
    DataFrame
        One row per quantity of the table: mean under each split, ``difference`` published − leak_free
        with its 95 % confidence interval, and ``p``. A negative difference is the effect of leakage.
    """
    quantities = [str(column) for column in table if column not in LABELS]
    means = table.groupby(["split", "trajectory"])[quantities].mean()
    free, published = (means.loc[name] for name in SPLITS)
    shared = free.index.intersection(published.index)
    one_fold = np.zeros(len(shared), dtype=np.int64)
    rows = []
    for quantity in quantities:
        a, b = (side.loc[shared, quantity].to_numpy() for side in (free, published))
        found = Estimate.of(FoldValues(np.mean(b - a, keepdims=True), b - a, one_fold))
        interval = (found.mean, found.low, found.high, found.p)
        rows.append((quantity, mean_of_defined(a), mean_of_defined(b), *interval))
    return pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS))


def write(table: pd.DataFrame, path: Path | str) -> None:
    """Write a table of the leakage study or its summary as CSV, atomically."""
    with atomic_output(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.5g")


def read_leakage(path: Path | str) -> pd.DataFrame:
    """Read a table of :func:`cgbench.pipeline.leakage.measure_leakage`.

    Raises
    ------
    InputError
        If the file is missing, damaged or another table.
    """
    try:
        table = pd.read_csv(path)
    except FileNotFoundError:
        raise InputError(f"{path}: no such table; run `cgbench leakage` first") from None
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: damaged table ({error}); delete it and run again") from None
    missing = [column for column in (*LABELS, NEAREST_BEADS, NEAREST_ATOMS) if column not in table]
    if missing or set(table["split"]) != set(SPLITS):
        raise InputError(f"{path}: not a table of `cgbench leakage`; delete it and run that again")
    return table
