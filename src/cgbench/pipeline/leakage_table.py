"""Table of the leakage study: summary and reading."""

from pathlib import Path

import numpy as np
import pandas as pd

from cgbench.core.safe_io import explained, require
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


def read_leakage(path: Path | str) -> pd.DataFrame:
    """Read a table of :func:`cgbench.pipeline.leakage.measure_leakage`.

    Raises
    ------
    InputError
        If the file is missing, damaged or another table.
    """
    first = "run `cgbench leakage` first"
    with explained(path, "a table of `cgbench leakage`", first, "delete it and run that again"):
        table = pd.read_csv(path)
        require({*LABELS, NEAREST_BEADS, NEAREST_ATOMS} <= set(table), "distances and labels of frames")
        require(set(table["split"]) == set(SPLITS), f"rows of {' and '.join(SPLITS)} splits")
    return table
