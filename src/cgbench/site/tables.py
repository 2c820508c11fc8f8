"""Tables that the site shows: those of a finished benchmark, or tables of the runs that can be read."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from cgbench.config.run_matrix import RunMatrix, RunSpec
from cgbench.core.errors import InputError
from cgbench.figures.noise_floor import read_floors
from cgbench.figures.run_selection import RunSelection
from cgbench.report.leaderboard import leaderboard, write
from cgbench.report.progress import unfinished, without
from cgbench.results.scores_file import BlockSums
from cgbench.results.tables import collect, read_metrics, read_run, read_runs
from cgbench.statistics import interval_tables

NAMES = ("leaderboard.csv", "leaderboard.md", "metrics.csv", "runs.csv", "intervals.csv", "differences.csv")


@dataclass
class SiteTables:
    """What is there of a benchmark, and what is not.

    Attributes
    ----------
    scores
        The leaderboard; no rows if no run has scores.
    runs
        Cost and provenance of the runs.
    shown
        Runs with scores that can be read.
    missing
        Runs without scores, from :func:`cgbench.report.progress.unfinished`.
    differences
        Paired differences between methods, from :mod:`cgbench.statistics.interval_tables`.
    problems
        Files that cannot be read, with the reason and the cure, a sentence each.
    floors
        Noise floors of each dataset, from :func:`cgbench.figures.noise_floor.read_floors`.
    """

    scores: pd.DataFrame
    runs: pd.DataFrame
    shown: list[RunSpec]
    missing: pd.DataFrame
    differences: pd.DataFrame
    problems: list[str] = field(default_factory=list)
    floors: dict[str, pd.DataFrame] = field(default_factory=dict)


def site_tables(config: RunMatrix, folder: Path) -> SiteTables:
    """Copy the tables of a finished benchmark to ``folder``, or make tables of the runs that can be read."""
    results, folder = Path(config.results), Path(folder)
    folder.mkdir(parents=True)
    missing = unfinished(config)
    problems: list[str] = []
    floors = {name: _floors(config, name, problems) for name in config.run.datasets}
    if len(floor := pd.concat(floors.values())):
        floor.to_csv(folder / "noise_floor.csv", index=False)
    shown = [run for run in without(config.run_specs(), missing) if _is_readable(config, run, problems)]
    finished = missing.empty and not problems and all((results / name).exists() for name in NAMES)
    if finished:
        for name in NAMES:
            shutil.copyfile(results / name, folder / name)
        pairs = (
            interval_tables.read_intervals(results / NAMES[4]),
            interval_tables.read_differences(results / NAMES[5]),
        )
    elif shown:
        folders = [config.run_folder(run) for run in shown]
        collect(folders, folder / "metrics.csv", folder / "runs.csv")
        pairs = interval_tables.intervals(folders)
        interval_tables.write(*pairs, folder / "intervals.csv", folder / "differences.csv")
    else:
        return SiteTables(pd.DataFrame(), pd.DataFrame(), [], missing, pd.DataFrame(), problems, floors)
    runs = read_runs(folder / "runs.csv")
    scores = leaderboard(*pairs, runs)
    if not finished:
        write(scores, folder / "leaderboard.csv", folder / "leaderboard.md")
    return SiteTables(scores, runs, shown, missing, pairs[1], problems, floors)


def _floors(config: RunMatrix, dataset: str, problems: list[str]) -> pd.DataFrame:
    try:
        return RunSelection(config, dataset, "", [], strict=False).floors()
    except InputError as error:
        problems.append(str(error))
        return read_floors([])


def _is_readable(config: RunMatrix, run: RunSpec, problems: list[str]) -> bool:
    folder = config.run_folder(run)
    try:
        read_run(folder / "run.json")
        read_metrics(folder / "metrics.csv")
        BlockSums.of_run(folder)
    except InputError as error:
        problems.append(str(error))
        return False
    return True
