"""The scoring stage: metrics of the stored test samples of one run, as rows of the result table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cgbench import plugins
from cgbench.errors import InputError
from cgbench.files import atomic_output
from cgbench.frames import Frames
from cgbench.mapping.base import Mapping
from cgbench.metrics.base import Evaluation
from cgbench.results import RUN_KEY, read_run
from cgbench.samples import Samples
from cgbench.splits import Split

COLUMNS = ("split", "metric", "atoms", "unit", "value", "n_frames")


def evaluate(
    run_path: Path | str,
    frames_path: Path | str,
    split_path: Path | str,
    mapping_path: Path | str,
    samples_path: Path | str,
    metrics: Sequence[str],
    output_path: Path | str,
    per_frame_path: Path | str | None = None,
) -> None:
    """Score the samples of one run and write tidy rows, labelled with what ``run.json`` says it is.

    Parameters
    ----------
    run_path
        ``run.json`` of the training.
    metrics
        Names of plug-ins of ``cgbench/metrics``.
    output_path
        ``metrics.csv``; its columns are those of :mod:`cgbench.results`.
    per_frame_path
        ``.npz`` for the score of every test frame (optional).

    Raises
    ------
    InputError
        If a file is missing or damaged, or they do not belong together.
    """
    run = read_run(run_path)
    frames = Frames.load(frames_path)
    table = score(
        frames,
        Split.load_for(split_path, frames, frames_path),
        Mapping.load(mapping_path),
        samples_path,
        metrics,
        per_frame_path,
    )
    for position, label in enumerate(RUN_KEY):
        table.insert(position, label, run[label])
    with atomic_output(output_path) as temporary:
        table.to_csv(temporary, index=False)


def score(
    frames: Frames,
    split: Split,
    mapping: Mapping,
    samples_path: Path | str,
    metrics: Sequence[str],
    per_frame_path: Path | str | None = None,
) -> pd.DataFrame:
    """Score what a method made of the test frames.

    Parameters
    ----------
    samples_path
        :class:`cgbench.samples.Samples` as the sampling stage writes them.
    metrics
        Names of plug-ins of ``cgbench/metrics``.
    per_frame_path
        Where to keep the score of every test frame (optional): an ``.npz`` with an array
        [n_frames] named ``<metric>.<atoms>`` per metric, and ``frame_index``, ``trajectory`` and
        ``time`` (ps), because confidence intervals go by trajectory or block, not by frame.

    Returns
    -------
    DataFrame
        One row per metric and set of atoms with the columns split (``test``), metric, atoms,
        unit, value (the mean over frames) and n_frames.

    Raises
    ------
    InputError
        If the samples are missing, damaged, hold NaN, or belong to another split or molecule.
    """
    stored = Samples.load(samples_path)
    index = stored.frame_index
    if not np.array_equal(index, split.test):
        raise InputError(
            f"{samples_path}: its {len(index)} frames are not the {len(split.test)} test frames of the "
            "split; delete it and sample again"
        )
    if mapping.n_atoms != frames.molecule.n_atoms:
        raise InputError(
            f"mapping has {mapping.n_atoms} atoms, the frames have {frames.molecule.n_atoms}; "
            "give the mapping that was made for these frames"
        )
    try:
        whole = Evaluation.of_all_atoms(
            frames.positions[index], stored.reconstruction, stored.samples, frames.molecule, mapping
        )
    except InputError as error:
        raise InputError(f"{samples_path}: {error}") from None
    scores = per_frame_scores(whole, metrics)
    if per_frame_path is not None:
        arrays: dict[str, Any] = {f"{metric}.{atoms}": values for (metric, atoms), values in scores.items()}
        arrays |= {"frame_index": index, "trajectory": frames.trajectory[index], "time": frames.time[index]}
        with atomic_output(per_frame_path) as temporary:
            np.savez_compressed(temporary, **arrays)
    rows = [
        ("test", metric, atoms, plugins.load("metrics", metric).unit, float(values.mean()), len(values))
        for (metric, atoms), values in scores.items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def per_frame_scores(
    evaluation: Evaluation, metrics: Sequence[str]
) -> dict[tuple[str, str], NDArray[np.float64]]:
    """Score each frame of an evaluation of all atoms: metric and set of atoms to [n_frames]."""
    restricted = {"all": evaluation, "heavy": evaluation.of("heavy")}
    scores: dict[tuple[str, str], NDArray[np.float64]] = {}
    for name in metrics:
        metric = plugins.load("metrics", name)()
        for atoms in metric.atom_sets:
            values = np.asarray(metric.per_frame(restricted[atoms]), dtype=np.float64)
            if values.shape != (len(evaluation.reference),):
                raise InputError(
                    f"metric {name!r} gave an array of shape {values.shape} for {len(evaluation.reference)} "
                    "frames; it must return one number per frame"
                )
            scores[name, atoms] = values
    return scores
