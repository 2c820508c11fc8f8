"""Evaluation of predictions without the workflow: checks, scores, and tables beside finished runs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cgbench.config.entry import filled
from cgbench.config.method_card import MethodCard
from cgbench.config.run_matrix import RunSpec
from cgbench.core.wording import counted
from cgbench.pipeline.entry import enter
from cgbench.pipeline.predictions import read_predictions
from cgbench.pipeline.score import score, write_metrics
from cgbench.pipeline.task import Task
from cgbench.results.scores_file import BlockSums
from cgbench.results.tables import collect, read_runs
from cgbench.statistics.interval_tables import intervals

# Those of the first tables of the leaderboard, and how far beads moved.
METRICS = (
    *("energy_score", "energy_score_symmetric", "rmsd_recon", "rmsd_backmap_mean", "rmsd_backmap_min"),
    *("rmsd_sample", "graph_xor", "consistency"),
)


@dataclass(frozen=True)
class Evaluated:
    """Scores of predictions, and of the finished runs beside them.

    Attributes
    ----------
    notes
        What the checks of each fold have said.
    scores, differences, runs
        Tables for :func:`cgbench.report.leaderboard.leaderboard`.
    """

    notes: tuple[str, ...]
    scores: pd.DataFrame
    differences: pd.DataFrame
    runs: pd.DataFrame


def evaluate(
    task: Task,
    predictions: str,
    folds: Sequence[int],
    output_dir: Path | str,
    *,
    name: str,
    card: MethodCard | None = None,
    topology: str | None = None,
    metrics: Sequence[str] = METRICS,
) -> Evaluated:
    """Score predictions of some folds, and write ``run.json``, samples and scores of each.

    Parameters
    ----------
    predictions, topology
        Paths, in which ``{fold}`` stands for the number of the fold.
    card
        Method card, if there is one.

    Raises
    ------
    InputError
        If the predictions cannot be used.
    """
    output, notes, entered = Path(output_dir), [], []
    left_out: list[str] = []
    for fold in folds:
        split, mapping = task.split(fold), task.mapping(fold)
        run = RunSpec(task.dataset, task.mapping_name, task.n_beads, name, fold)
        folder = output / f"fold{fold}"
        names = None if topology is None else filled(topology, fold=fold)
        path = filled(predictions, fold=fold)
        read = read_predictions(path, task.frames.molecule, len(split.test), names)
        n_samples = task.config.protocol.n_samples
        found = enter(read, task.frames, split, mapping, run, card, folder, n_samples=n_samples)
        notes += [f"fold {fold}: {found.n_frames} frames, {counted(found.n_samples, 'sample')} of each"]
        notes += [f"fold {fold}: {note}" for note in found.notes]
        files = folder / "samples.npz", folder / "scores.npz"
        # The notes are those of the molecule, and in most cases the same in all folds.
        table = score(task.frames, split, mapping, files[0], metrics, files[1], say=left_out.append)
        write_metrics(table, vars(run), folder / "metrics.csv")
        entered.append(folder)
    notes += dict.fromkeys(left_out)
    beside = list(_finished(task, name, entered))
    if not beside:
        results = Path(task.config.results).resolve()
        notes.append(
            f"no finished runs of these folds in {results} to compare with; start in the folder with their "
            "results"
        )
    folders = [*entered, *beside]
    scores, differences = intervals(folders, metrics)
    collect(folders, output / "metrics.csv", output / "runs.csv")
    return Evaluated(tuple(notes), scores, differences, read_runs(output / "runs.csv"))


def _finished(task: Task, name: str, entered: Sequence[Path]) -> Iterator[Path]:
    """Folders of scored runs of the task, with the same test frames in the same blocks."""
    tested = {int(folder.name.removeprefix("fold")): BlockSums.of_run(folder).frames for folder in entered}
    results = Path(task.config.results, "runs", task.dataset, f"{task.mapping_name}-{task.n_beads}")
    for method in (*task.config.run.methods, *task.config.entries):
        for fold, frames in tested.items():
            folder = results / method / f"fold{fold}"
            files = [folder / file for file in ("run.json", "metrics.csv", "scores.npz")]
            if method == name or not all(file.is_file() for file in files):
                continue
            if np.array_equal(BlockSums.of_run(folder).frames, frames):
                yield folder
