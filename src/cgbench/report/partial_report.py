"""Tables and figures of what a benchmark has finished so far, naming what is missing."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from cgbench.chem.dihedrals import phi_psi
from cgbench.chem.frames import Frames
from cgbench.config.run_matrix import RunMatrix, RunSpec
from cgbench.core.errors import InputError
from cgbench.figures.comparison import comparison
from cgbench.figures.mapping_graph import mapping_graph
from cgbench.figures.ramachandran import ramachandran, sampled_torsions
from cgbench.figures.run_samples import read_stored
from cgbench.figures.style import add_note, notice, save, styled
from cgbench.figures.training import read_histories, training
from cgbench.figures.walkers import walkers
from cgbench.mapping.base import Mapping
from cgbench.report.leaderboard import leaderboard, write
from cgbench.report.progress import STAGES, in_short, to_markdown, unfinished
from cgbench.results.tables import RUN_KEY, collect, read_metrics, read_runs
from cgbench.statistics.intervals import intervals


def partial_report(config: RunMatrix, output: Path | str) -> pd.DataFrame:
    """Make the tables and the main figures of the workflow's report from the runs that are scored.

    Nothing is trained, sampled or scored, and nothing that the workflow knows is touched, so a
    benchmark may be running meanwhile.

    Parameters
    ----------
    output
        Directory for ``metrics.csv``, ``runs.csv``, ``leaderboard.csv``, ``leaderboard.md`` and
        ``figures/`` (comparison, mapping, Ramachandran map, training, walkers), named as in the report.

    Returns
    -------
    DataFrame
        The runs that are missing, as :func:`cgbench.report.progress.unfinished` lists them.

    Raises
    ------
    InputError
        If no run is scored yet, or a file is damaged.
    """
    output, missing, cells = Path(output), unfinished(config), list(config.run_specs())
    folders = [config.run_folder(cell) for cell in _finished(cells, missing)]
    if not folders:
        raise InputError(
            f"{config.results}: none of {len(cells)} runs has scores that are newer than its model; train "
            "and score first"
        )
    collect(
        [folder / "metrics.csv" for folder in folders],
        [folder / "run.json" for folder in folders],
        output / "metrics.csv",
        output / "runs.csv",
    )
    metrics, runs = read_metrics(output / "metrics.csv"), read_runs(output / "runs.csv")
    chapter = to_markdown(missing, len(cells))
    estimates = intervals(folders)
    write(leaderboard(*estimates, runs), output / "leaderboard.csv", output / "leaderboard.md", chapter)
    for dataset in dict.fromkeys(cell.dataset for cell in cells):
        save(_walkers(config, dataset), output / "figures" / dataset / "walkers.svg")
    for dataset, mapping in dict.fromkeys((cell.dataset, cell.mapping) for cell in cells):
        task = [cell for cell in cells if (cell.dataset, cell.mapping) == (dataset, mapping)]
        lacks = missing[(missing["dataset"] == dataset) & (missing["mapping"] == mapping)]
        for name, figure in _figures(config, task, lacks, metrics, runs):
            save(figure, output / "figures" / dataset / mapping / f"{name}.svg")
    return missing


def _finished(cells: list[RunSpec], missing: pd.DataFrame) -> list[RunSpec]:
    """Cells that are not among the unfinished ones."""
    lacking = set(missing[list(RUN_KEY)].itertuples(index=False, name=None))
    return [cell for cell in cells if tuple(getattr(cell, key) for key in RUN_KEY) not in lacking]


def _walkers(config: RunMatrix, dataset: str) -> Figure:
    frames = _frames(config, dataset)
    return walkers(frames, dataset) if frames else _nothing()


def _nothing() -> Figure:
    with styled():
        return notice("Nothing to draw yet.")


def _frames(config: RunMatrix, dataset: str) -> Frames | None:
    path = Path(config.results, "data", dataset, "frames.npz")
    return Frames.load(path) if path.exists() else None


def _ramachandran(frames: Frames, folders: list[Path], title: str) -> Figure:
    runs = [read_stored(folder, frames) for folder in folders]
    reference = phi_psi(frames.positions[runs[0].samples.frame_index], frames.molecule)
    return ramachandran(reference, [sampled_torsions(run, frames.molecule) for run in runs], title=title)


def _figures(
    config: RunMatrix, task: list[RunSpec], lacks: pd.DataFrame, metrics: pd.DataFrame, runs: pd.DataFrame
) -> Iterator[tuple[str, Figure]]:
    """Figures of one dataset and mapping by name; ``lacks`` are its unfinished runs."""
    dataset, mapping = task[0].dataset, task[0].mapping
    title = f"{dataset}, mapping: {mapping}"

    scored = metrics[(metrics["dataset"] == dataset) & (metrics["mapping"] == mapping)]
    drawn = comparison(metrics, runs, dataset, mapping) if len(scored) else _nothing()
    yield "comparison", add_note(drawn, in_short(lacks))

    frames = _frames(config, dataset)
    files = {
        Path(config.results, "mappings", dataset, f"{mapping}-{cell.n_beads}", "fold0.json") for cell in task
    }
    there = [Mapping.load(file) for file in sorted(files) if file.exists()]
    drawn = mapping_graph(frames.molecule, there, title) if frames and there else _nothing()
    absent = len(files) - len(there)
    yield "mapping", add_note(drawn, f"not finished: {absent} of {len(files)} mappings" if absent else "")

    # As in the report, one fold shows the shape.
    scored_first = [config.run_folder(cell) for cell in _finished(task, lacks) if cell.fold == 0]
    drawn = _ramachandran(frames, scored_first, title) if frames and scored_first else _nothing()
    yield "ramachandran", add_note(drawn, in_short(lacks[lacks["fold"] == 0]))

    for method in dict.fromkeys(cell.method for cell in task):
        mine = [config.run_folder(cell) for cell in task if cell.method == method]
        trained = [folder for folder in mine if (folder / STAGES["train"]).exists()]
        drawn = training(read_histories(trained)) if trained else _nothing()
        untrained = lacks[(lacks["method"] == method) & (lacks["stage"] == "train")]
        yield f"training-{method}", add_note(drawn, in_short(untrained))
