"""The evaluation stage: stored samples of one run to labelled rows of the result table."""

from collections.abc import Sequence
from pathlib import Path

from cgbench.files import atomic_output
from cgbench.frames import Frames
from cgbench.mapping.base import Mapping
from cgbench.results import RUN_KEY, read_run
from cgbench.score import score
from cgbench.splits import Split


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
