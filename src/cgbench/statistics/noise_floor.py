"""Noise floor: distance of MD from other MD by the metrics that compare ensembles."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cgbench.chem.atom_sets import AtomSet, atoms_of_set
from cgbench.chem.force_field import force_field_of
from cgbench.chem.frames import Frames
from cgbench.chem.molecule import IntArray
from cgbench.chem.observables import Observables
from cgbench.core import registry
from cgbench.core.atomic_io import write_csv
from cgbench.data.splits import Split
from cgbench.metrics.base import EnsembleMetric
from cgbench.results.energies_file import write_energies
from cgbench.statistics.blocks import independent_blocks

COLUMNS = ("dataset", "fold", "split", "metric", "atoms", "unit", "value", "n_frames")


def noise_floor(
    frames: Frames,
    split: Split,
    metrics: Sequence[str],
    dataset: str,
    force_field: Sequence[str] = (),
    test_observables: Observables | None = None,
) -> pd.DataFrame:
    """Compare the test frames of a fold with equally many independent MD frames.

    Those are training frames, evenly spaced, from other trajectories, or from other blocks beyond the gap.
    Both are from one distribution: the floor is what chance makes of 0. With ``protocol.split: published``,
    test and training frames are not independent, and the floor is too low.

    Parameters
    ----------
    metrics
        Names of metrics; those that compare each sample with its frame have no floor and are left out.
    dataset
        Name of the dataset, for the table.
    force_field
        OpenMM files of the force field of the frames; without them, energies are left out.
    test_observables
        Observables of all atoms of all test frames, if they exist already (optional).

    Returns
    -------
    DataFrame
        One row per metric and set of atoms, with the columns dataset, fold, split (``test``), metric,
        atoms, unit, value and n_frames, the number of frames of either ensemble.
    """
    parts = independent_parts(split)
    blocks = [independent_blocks(frames, part) for part in parts]
    rows = []
    sets: tuple[AtomSet, ...] = ("all", "heavy")
    for atoms in sets:
        first, second = (_observables(frames, part, atoms, force_field) for part in parts)
        if test_observables and atoms == "all" and len(parts[0]) == len(split.test):
            first = test_observables
        for name in metrics:
            metric = registry.load("metrics", name)()
            compares = isinstance(metric, EnsembleMetric) and atoms in metric.atom_sets
            if compares and metric.applies(first.molecule, force_field):
                n_frames = min(len(parts[0]), metric.max_frames)
                labels = (dataset, split.fold, "test", name, atoms, metric.unit)
                rows.append((*labels, metric.compare(first, second, *blocks), n_frames))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def write_noise_floor(
    frames_path: Path | str,
    split_path: Path | str,
    metrics: Sequence[str],
    dataset: str,
    output_path: Path | str,
    card_path: Path | str | None = None,
    energies_path: Path | str | None = None,
) -> None:
    """Write the table of :func:`noise_floor` for a stored split as CSV, atomically.

    Parameters
    ----------
    card_path
        ``card.json`` of the dataset, for its force field; without it, energies are left out.
    energies_path
        CSV for the energies of the test frames, if a metric needs them (optional).

    Raises
    ------
    InputError
        If a file is missing or damaged, or they do not belong together.
    """
    frames = Frames.load(frames_path)
    split = Split.load_for(split_path, frames, frames_path)
    force_field = () if card_path is None else force_field_of(card_path)
    tested = _observables(frames, split.test, "all", force_field)
    table = noise_floor(frames, split, metrics, dataset, force_field, tested)
    write_csv(output_path, table)
    if energies_path is not None:
        loaded = (registry.load("metrics", name)() for name in metrics)
        needed = any(
            metric.requires == "force field" and metric.applies(frames.molecule, force_field)
            for metric in loaded
        )
        energies = tested.energies if needed else np.full((2, len(split.test)), np.nan)
        write_energies(energies_path, split.test, energies)


def independent_parts(split: Split) -> tuple[IntArray, IntArray]:
    """Select equally many test and training frames, evenly spaced."""
    n_frames = min(len(split.test), len(split.train))
    test, train = (
        part[np.linspace(0, len(part) - 1, n_frames).round().astype(np.int64)]
        for part in (split.test, split.train)
    )
    return test, train


def _observables(frames: Frames, index: IntArray, atoms: AtomSet, force_field: Sequence[str]) -> Observables:
    kept = atoms_of_set(frames.molecule, atoms)
    positions = frames.positions[index][:, None, kept]
    return Observables(positions, frames.molecule.subset(kept), tuple(force_field))
