"""Tasks on the site: their folds, to read, and their folders, to download."""

import shlex
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cgbench.config.run_matrix import RunMatrix
from cgbench.core.atomic_io import read_json
from cgbench.core.errors import InputError
from cgbench.pipeline.task import PreparedTask
from cgbench.pipeline.task_export import export_task

FOLDER = "tasks"
DATE = (1980, 1, 1, 0, 0, 0)  # of files in an archive, so that equal files give equal archives


def folds(config: RunMatrix, dataset: str, problems: list[str]) -> list[dict[str, Any]]:
    """Count the frames in the parts of each fold, and name its test trajectories, counted from 1."""
    rows = []
    for fold in range(config.protocol.folds):
        path = Path(config.results, "data", dataset, "splits", f"fold{fold}.json")
        if not path.exists():
            continue
        try:
            stored = read_json(path)
            rows.append(
                {"fold": fold, "by": str(stored["by"])}
                | {part: len(stored[part]) for part in ("train", "valid", "test")}
                | {"walkers": ", ".join(str(number + 1) for number in stored["trajectories"]["test"])}
            )
        except (InputError, KeyError, TypeError) as error:
            problems.append(f"{path}: not a fold ({error}); delete it and run again")
    return rows


def command(config: RunMatrix, task: str) -> str:
    """Return the command that exports a task with its training frames."""
    source = shlex.quote(f"{config.results}/config.json")
    return f"cgbench task export {task} --config {source} --output '{task}/fold{{fold}}'"


def archive(task: PreparedTask, site: Path, budget: int, problems: list[str]) -> Path | None:
    """Pack the folders of all folds of a task; without training frames none of them has a test frame.

    Parameters
    ----------
    budget
        Largest size of the archive, bytes.
    problems
        Gets a sentence if a file of the task cannot be read.

    Returns
    -------
    Path
        The archive; None if the task has not been made yet, cannot be read, or is larger than the budget.
    """
    if not task.mapping_path(0).exists():
        return None
    target = site / FOLDER / f"{task.name}.zip"
    target.parent.mkdir(exist_ok=True)
    with TemporaryDirectory() as made, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        try:
            for fold in range(task.config.protocol.folds):
                export_task(task, fold, Path(made, task.name, f"fold{fold}"), training=False)
        except InputError as error:
            problems += [str(error)] if str(error) not in problems else []  # the viewer may have named it
            budget = 0
        for path in sorted(path for path in Path(made).rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(made).as_posix(), DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, path.read_bytes())
    if target.stat().st_size > budget:
        target.unlink()
        return None
    return target
