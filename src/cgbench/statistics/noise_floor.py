"""The noise floor: how far molecular dynamics is from itself, by every metric that can tell."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cgbench.chem.force_field import force_field_of
from cgbench.chem.frames import Frames
from cgbench.chem.molecule import IntArray
from cgbench.chem.observables import Observables
from cgbench.core import registry
from cgbench.core.atomic_io import atomic_output
from cgbench.data.splits import Split
from cgbench.metrics.base import AtomSet, EnsembleMetric

COLUMNS = ("dataset", "fold", "split", "metric", "atoms", "unit", "value", "n_frames")


def noise_floor(
    frames: Frames, split: Split, metrics: Sequence[str], dataset: str, force_field: Sequence[str] = ()
) -> pd.DataFrame:
    """Compare the test frames of a fold with equally many frames that are independent of them.

    Those are training frames, evenly spaced: of other trajectories, or of other blocks beyond the gap.
    A method whose samples are as far from the test frames has nothing left to gain by that metric.
    With ``protocol.split: published`` nothing keeps the two apart, and the floor is too low.

    Parameters
    ----------
    metrics
        Names of plug-ins of ``cgbench/metrics``; those that compare each sample with its own frame have
        no floor and are passed over.
    dataset
        Name in the table.
    force_field
        OpenMM's files that the frames were made with; energies are left out where it is not known.

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
        tested, others = (_measured(frames, part, atoms, force_field) for part in parts)
        for name in metrics:
            metric = registry.load("metrics", name)()
            compares = isinstance(metric, EnsembleMetric) and atoms in metric.atom_sets
            if compares and metric.applies(tested.molecule, force_field):
                value = metric.compare(tested, others)
                labels = (dataset, split.fold, "test", name, atoms, metric.unit)
                rows.append((*labels, value, min(n_frames, metric.max_frames)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def write_noise_floor(
    frames_path: Path | str,
    split_path: Path | str,
    metrics: Sequence[str],
    dataset: str,
    output_path: Path | str,
    card_path: Path | str | None = None,
) -> None:
    """Read frames and a split, and write the table of :func:`noise_floor` as CSV, atomically.

    Parameters
    ----------
    card_path
        ``card.json`` of the dataset, which may name the force field (optional).

    Raises
    ------
    InputError
        If a file is missing or damaged, or they do not belong together.
    """
    frames = Frames.load(frames_path)
    split = Split.load_for(split_path, frames, frames_path)
    force_field = () if card_path is None else force_field_of(card_path)
    table = noise_floor(frames, split, metrics, dataset, force_field)
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


def _measured(frames: Frames, chosen: IntArray, atoms: AtomSet, force_field: Sequence[str]) -> Observables:
    kept = np.flatnonzero(frames.molecule.heavy | (atoms == "all"))
    positions = frames.positions[chosen][:, None, kept]
    return Observables(positions, frames.molecule.subset(kept), tuple(force_field))
