"""The noise floor: how far molecular dynamics is from itself, by every metric that compares distributions."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cgbench import plugins
from cgbench.files import atomic_output
from cgbench.frames import Frames
from cgbench.measured import Measured
from cgbench.metrics.base import AtomSet, Distribution
from cgbench.molecule import IntArray
from cgbench.splits import Split

COLUMNS = ("dataset", "fold", "split", "metric", "atoms", "unit", "value", "n_frames")


def noise_floor(frames: Frames, split: Split, metrics: Sequence[str], dataset: str) -> pd.DataFrame:
    """Compare the test frames of a fold with equally many frames that are independent of them.

    Those are training frames, evenly spaced: of other trajectories, or of other blocks beyond the gap.
    A method whose samples are as far from the test frames has nothing left to gain by that metric.
    With ``protocol.split: published`` nothing keeps the two apart, and the floor is too low.

    Parameters
    ----------
    metrics
        Names of plug-ins of ``cgbench/metrics``; those that compare no distributions are passed over.
    dataset
        Name in the table.

    Returns
    -------
    DataFrame
        One row per metric and set of atoms, with the columns dataset, fold, split (``test``), metric,
        atoms, unit, value and n_frames, of either side.
    """
    parts = independent_parts(split)
    n_frames = len(parts[0])
    rows = []
    for atoms in ("all", "heavy"):
        tested, others = (_measured(frames, part, atoms) for part in parts)
        for name in metrics:
            metric = plugins.load("metrics", name)()
            compares = isinstance(metric, Distribution) and atoms in metric.atom_sets
            if compares and metric.applies(tested.molecule):
                value = metric.between(tested, others)
                rows.append((dataset, split.fold, "test", name, atoms, metric.unit, value, n_frames))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def write_noise_floor(
    frames_path: Path | str,
    split_path: Path | str,
    metrics: Sequence[str],
    dataset: str,
    output_path: Path | str,
) -> None:
    """Read frames and a split, and write the table of :func:`noise_floor` as CSV, atomically.

    Raises
    ------
    InputError
        If a file is missing or damaged, or they do not belong together.
    """
    frames = Frames.load(frames_path)
    table = noise_floor(frames, Split.load_for(split_path, frames, frames_path), metrics, dataset)
    with atomic_output(output_path) as temporary:
        table.to_csv(temporary, index=False)


def independent_parts(split: Split) -> tuple[IntArray, IntArray]:
    """Test frames, and equally many training frames, evenly spaced; fewer of both where a split has fewer."""
    n_frames = min(len(split.test), len(split.train))
    tested, others = (
        part[np.linspace(0, len(part) - 1, n_frames).round().astype(np.int64)]
        for part in (split.test, split.train)
    )
    return tested, others


def _measured(frames: Frames, chosen: IntArray, atoms: AtomSet) -> Measured:
    kept = np.flatnonzero(frames.molecule.heavy | (atoms == "all"))
    return Measured(frames.positions[chosen][:, None, kept], frames.molecule.subset(kept))
