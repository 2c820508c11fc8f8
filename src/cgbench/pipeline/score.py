"""Scoring stage: metrics of the stored samples of a run."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cgbench.chem.atom_sets import ATOM_SETS, AtomSet, atoms_of_set
from cgbench.chem.force_field import force_field_of
from cgbench.chem.frames import Frames
from cgbench.chem.molecule import IntArray
from cgbench.core import registry
from cgbench.core.atomic_io import atomic_output, write_csv
from cgbench.core.errors import InputError
from cgbench.core.wording import counted, listed
from cgbench.data.splits import Split
from cgbench.mapping.base import Mapping
from cgbench.metrics._evaluation import Evaluation
from cgbench.metrics.base import MetricBase, PerFrameMetric
from cgbench.results.energies_file import read_energies
from cgbench.results.samples_file import Samples
from cgbench.results.tables import RUN_KEY, read_run
from cgbench.runtime.gpu_claim import may_have_gpu
from cgbench.runtime.tracking import track
from cgbench.statistics.blocks import independent_blocks

COLUMNS = ("split", "metric", "atoms", "unit", "value", "n_frames")


def _to_stderr(note: str) -> None:
    print(note, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Score:
    """Value of one metric for one set of atoms.

    Attributes
    ----------
    n_frames
        Number of frames that the value is computed from.
    block_sums : float [n_blocks, k]
        Sums over the frames of each block, of which neighbouring ones are joined for distributions of large
        molecules; ``Metric.value`` of a sum over blocks is their value.
    per_frame : float [n_frames] or [n_frames, m], or None
        Scores of single frames, for metrics that have them.
    """

    metric: str
    atoms: AtomSet
    unit: str
    value: float
    n_frames: int
    block_sums: NDArray[np.float64]
    per_frame: NDArray[np.float64] | None


def evaluate(
    run_path: Path | str,
    frames_path: Path | str,
    split_path: Path | str,
    mapping_path: Path | str,
    samples_path: Path | str,
    metrics: Sequence[str],
    output_path: Path | str,
    per_frame_path: Path | str | None = None,
    card_path: Path | str | None = None,
    energies_path: Path | str | None = None,
    threads: int = 1,
    device: str = "auto",
) -> None:
    """Score the samples of one run and write tidy rows with the labels of its ``run.json``.

    Parameters
    ----------
    output_path
        ``metrics.csv``; its columns are those of :mod:`cgbench.results.tables`.
    per_frame_path
        ``.npz`` for the scores of single frames and blocks (optional).
    card_path
        ``card.json`` of the dataset, for its force field (optional).
    energies_path
        Energies of the test frames, written with the noise floor (optional); computed if not given.
    device
        ``"auto"``, ``"cpu"`` or ``"cuda"``; scores are the same up to rounding.

    Raises
    ------
    InputError
        If a file is missing or damaged, or they do not belong together.
    """
    run = read_run(run_path)
    if device != "cpu" and (device != "auto" or may_have_gpu()):
        from cgbench.runtime import device as runtime  # loads torch, which takes seconds

        device = runtime.choose_device(device)
        runtime.set_up(0, threads)  # the seed is not used
    else:
        device = "cpu"
    frames = Frames.load(frames_path)
    table = score(
        frames,
        Split.load_for(split_path, frames, frames_path),
        Mapping.load_for(mapping_path, frames.molecule.n_atoms, frames_path),
        samples_path,
        metrics,
        per_frame_path,
        force_field=() if card_path is None else force_field_of(card_path),
        energies_path=energies_path,
        device=device,
    )
    write_metrics(table, run, output_path)
    with track("score", {label: run[label] for label in RUN_KEY}, {"seed": run.get("seed")}) as tracker:
        names = table["split"] + "/" + table["metric"] + "/" + table["atoms"]
        tracker.summarise(dict(zip(names, table["value"], strict=True)))


def write_metrics(table: pd.DataFrame, run: dict[str, Any], path: Path | str) -> None:
    """Write the rows of :func:`score` with the labels of a run, atomically."""
    labels = pd.DataFrame({label: run[label] for label in RUN_KEY}, index=table.index)
    write_csv(path, pd.concat([labels, table], axis=1))


def score(
    frames: Frames,
    split: Split,
    mapping: Mapping,
    samples_path: Path | str,
    metrics: Sequence[str],
    per_frame_path: Path | str | None = None,
    force_field: Sequence[str] = (),
    energies_path: Path | str | None = None,
    device: str = "cpu",
    say: Callable[[str], object] = _to_stderr,
) -> pd.DataFrame:
    """Score the samples and reconstructions of the test frames.

    Parameters
    ----------
    samples_path
        :class:`cgbench.results.samples_file.Samples` as the sampling stage writes them.
    per_frame_path
        ``.npz`` for the data of confidence intervals (optional): ``frame_index``, ``trajectory``, ``time``
        (ps) and ``block`` [n_frames]; for every metric the sums over each block, ``<metric>.<atoms>.blocks``
        [n_blocks, k]; for metrics with scores of single frames ``<metric>.<atoms>`` [n_frames] or
        [n_frames, m].
    force_field
        OpenMM files of the force field of the frames; without them, energies are left out.
    energies_path
        Energies of the test frames, written with the noise floor (optional); computed if not given.
    device
        Device for measuring geometries, as torch names it.
    say
        Takes the notes on metrics that are left out; standard error if not given.

    Returns
    -------
    DataFrame
        One row per metric and set of atoms with the columns split (``test``), metric, atoms, unit, value and
        n_frames. Metrics that do not apply to the molecule are left out, with a note.

    Raises
    ------
    InputError
        If the samples are missing, damaged, hold NaN, or belong to another split or molecule.
    """
    stored = Samples.load(samples_path)
    index = stored.frame_index
    if not np.array_equal(index, split.test):
        raise InputError(
            f"{samples_path}: the {len(index)} frames differ from the {len(split.test)} test frames of the "
            "split; delete the file and sample again"
        )
    try:
        evaluation = Evaluation(
            frames.positions[index],
            stored.reconstruction,
            stored.samples,
            frames.molecule,
            mapping,
            tuple(force_field),
            device,
            stored.reconstruction_draw,
            absent=stored.absent,
        )
    except InputError as error:
        raise InputError(f"{samples_path}: {error}") from None
    if energies_path is not None:
        evaluation = replace(evaluation, reference_energies=read_energies(energies_path, index))
    blocks = independent_blocks(frames, index)
    scores = list(score_blocks(evaluation, metrics, blocks, say))
    if per_frame_path is not None:
        arrays: dict[str, Any] = {"frame_index": index, "block": blocks}
        arrays |= {"trajectory": frames.trajectory[index], "time": frames.time[index]}
        for found in scores:
            arrays[f"{found.metric}.{found.atoms}.blocks"] = found.block_sums
            if found.per_frame is not None:
                arrays[f"{found.metric}.{found.atoms}"] = found.per_frame
        with atomic_output(per_frame_path) as temporary:
            np.savez_compressed(temporary, **arrays)
    rows = [("test", found.metric, found.atoms, found.unit, found.value, found.n_frames) for found in scores]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def score_blocks(
    evaluation: Evaluation,
    metrics: Sequence[str],
    blocks: IntArray,
    say: Callable[[str], object] = _to_stderr,
) -> Iterator[Score]:
    """Score an evaluation of all atoms with every metric that applies to the molecule.

    Parameters
    ----------
    blocks : int [n_frames]
        Index of the block of each frame.
    say
        As for :func:`score`.
    """
    molecule = evaluation.molecule
    filled = [atoms for atoms in ATOM_SETS if len(atoms_of_set(molecule, atoms))]
    restricted = {atoms: evaluation.restrict_to(atoms) for atoms in filled}
    for name in metrics:
        metric = registry.load("metrics", name)()
        for atoms in metric.atom_sets:
            if atoms not in filled:
                reason = "the molecule has none"
            elif restricted[atoms].molecule.n_atoms > metric.max_atoms:
                n_atoms = restricted[atoms].molecule.n_atoms
                reason = f"there are {n_atoms:,} of them, and it measures at most {metric.max_atoms:,}"
            elif metric.requires == "force field" and not evaluation.force_field:
                reason = "no force field is known; set openmm_force_field of the dataset, and give its card"
            elif not metric.applies(restricted[atoms].molecule, evaluation.force_field):
                labels = [molecule.label(atom) for atom in atoms_of_set(molecule, atoms).tolist()]
                alone = "the molecule has" if atoms == "all" else f"these atoms alone ({listed(labels)}) have"
                reason = f"{alone} no {metric.requires}"
            elif not metric.has_atoms(restricted[atoms]):
                reason = f"the samples lack {counted(len(restricted[atoms].absent), 'atom')}"
            else:
                yield _score(name, metric, restricted[atoms], blocks)
                continue
            say(f"{name} ({atoms} atoms): left out, because {reason}")


def _score(name: str, metric: MetricBase, evaluation: Evaluation, blocks: IntArray) -> Score:
    per_frame = None
    if isinstance(metric, PerFrameMetric):
        per_frame = np.asarray(metric.per_frame(evaluation), dtype=np.float64)
        expected = (evaluation.n_frames, *metric.frame_shape)
        if per_frame.shape != expected:
            raise InputError(
                f"metric {name!r}: per_frame returned shape {per_frame.shape} for "
                f"{evaluation.n_frames} frames, expected {expected}; correct its per_frame or frame_shape"
            )
        sums = metric.sum_frames(per_frame, blocks)
    else:
        sums = metric.block_sums(evaluation, blocks)
    value = float(metric.value(sums.sum(axis=0)))
    n_frames = min(evaluation.n_frames, metric.max_frames)
    return Score(name, evaluation.atoms, metric.unit, value, n_frames, sums, per_frame)
