"""Runs of a benchmark without scores, and the next stage of each."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from cgbench.config.run_matrix import RunMatrix, RunSpec
from cgbench.core.wording import counted
from cgbench.results.tables import ROW_KEY, RUN_KEY

# Stages of a run in order, and the file that each writes last.
# For entries and programs, one stage writes the first two.
STAGES = {"train": "run.json", "sample": "samples.npz", "score": "metrics.csv"}
COLUMNS = (*RUN_KEY, "stage", "log")


def unfinished(config: RunMatrix) -> pd.DataFrame:
    """List the runs without scores.

    Returns
    -------
    DataFrame
        One row per run: dataset, mapping, n_beads, method, fold, ``stage`` (the first that is missing or
        older than the stage before: ``train``, ``sample`` or ``score``; ``read`` for an entry, ``run`` for a
        program) and ``log`` (path of its log; empty if it has not started).
    """
    rows = []
    for cell in config.run_specs():
        folder = config.run_folder(cell)
        stage = _next_stage(folder)
        if stage is None:
            continue
        if stage != "score":
            stage = _only_stage(config, cell.method) or stage
        rows.append(vars(cell) | {"stage": stage, "log": _log(folder, stage)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def without(runs: Iterable[RunSpec], absent: pd.DataFrame) -> list[RunSpec]:
    """Leave out the runs of a table of :func:`unfinished`."""
    lacking = set(absent[list(RUN_KEY)].itertuples(index=False, name=None))
    return [run for run in runs if tuple(getattr(run, key) for key in RUN_KEY) not in lacking]


def _only_stage(config: RunMatrix, method: str) -> str | None:
    """Name of the one stage that makes the samples of an entry or a program."""
    return "read" if method in config.entries else "run" if method in config.programs else None


def _log(folder: Path, stage: str) -> str:
    """Path of the log of a stage, of the run alone or of all folds (then of training and sampling)."""
    logs = (folder / f"{stage}.log", folder.parent / f"{stage}.log", folder.parent / "train.log")
    return next((str(log) for log in logs if log.exists()), "")


def _next_stage(folder: Path) -> str | None:
    """First stage with a file that is missing, or older than the file of the stage before.

    Samples may be deleted to free space once they are scored.
    """
    times = {
        stage: path.stat().st_mtime_ns if (path := folder / file).exists() else 0
        for stage, file in STAGES.items()
    }
    if times["sample"] == 0 and times["score"] >= times["train"] > 0:
        return None
    before = 1
    for stage, time in times.items():
        if time < before:
            return stage
        before = time
    return None


def to_markdown(table: pd.DataFrame, n_wanted: int) -> str:
    """Chapter of a report on the missing runs, of ``n_wanted`` in the configuration."""
    if table.empty:
        return f"All {n_wanted} runs have scores."
    groups = table.groupby([*ROW_KEY, "stage"], sort=True)
    shown = groups.agg(folds=("fold", lambda folds: ", ".join(map(str, sorted(folds)))), log=("log", "max"))
    shown = shown.reset_index()[[*ROW_KEY, "folds", "stage", "log"]]
    return "\n\n".join(
        (
            f"{len(table)} of {n_wanted} runs have no scores, so this is not the result of the benchmark. "
            "Methods without some folds are averaged over the others; such means are not comparable.",
            shown.rename(columns={"n_beads": "beads", "stage": "next stage"}).to_markdown(
                index=False, disable_numparse=True
            ),
        )
    )


def in_short(table: pd.DataFrame) -> str:
    """Note for a figure, such as ``not finished: cgvae (3 beads, folds 0, 1)``, or nothing."""
    parts = [
        f"{method} ({counted(n_beads, 'bead')}, "
        f"fold{'s' * (len(rows) > 1)} {', '.join(map(str, rows['fold']))})"
        for (method, n_beads), rows in table.groupby(["method", "n_beads"], sort=True)
    ]
    return f"not finished: {'; '.join(parts)}" if parts else ""
