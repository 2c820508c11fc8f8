"""Tables and figures of the finished runs of a benchmark, with a list of the missing runs."""

from pathlib import Path

import pandas as pd

from cgbench.config.run_matrix import RunMatrix
from cgbench.core.errors import InputError
from cgbench.figures.distributions import distribution_figures
from cgbench.figures.mapping_graph import mapping_figures
from cgbench.figures.run_selection import RunSelection
from cgbench.figures.sample_figures import sample_figures
from cgbench.figures.score_figures import score_figures
from cgbench.figures.style import save_all
from cgbench.figures.training import training_figures
from cgbench.figures.trajectory_figures import trajectory_figures
from cgbench.report.leaderboard import leaderboard, write
from cgbench.report.method_cards import cards_as_markdown
from cgbench.report.progress import in_short, to_markdown, unfinished, without
from cgbench.results.tables import collect, read_runs
from cgbench.statistics.interval_tables import intervals


def partial_report(config: RunMatrix, output: Path | str) -> pd.DataFrame:
    """Make the tables and figures of the workflow's report from the runs that have scores.

    Nothing is trained, sampled or scored, and no file of the workflow is changed, so the benchmark may be
    running at the same time.

    Parameters
    ----------
    output
        Directory for ``metrics.csv``, ``runs.csv``, ``leaderboard.csv``, ``leaderboard.md`` and
        ``figures/``, named as in the report.

    Returns
    -------
    DataFrame
        The missing runs, from :func:`cgbench.report.progress.unfinished`.

    Raises
    ------
    InputError
        If no run has scores yet, or a file is damaged.
    """
    output, missing, runs = Path(output), unfinished(config), list(config.run_specs())
    scored = without(runs, missing)
    if not scored:
        raise InputError(
            f"{config.results}: none of {len(runs)} runs has scores that are newer than its model; train "
            "and score first"
        )
    folders = [config.run_folder(run) for run in scored]
    collect(folders, output / "metrics.csv", output / "runs.csv")
    costs = read_runs(output / "runs.csv")
    table = leaderboard(*intervals(folders), costs)
    chapter = to_markdown(missing, len(runs))
    cards = cards_as_markdown(costs)
    write(table, output / "leaderboard.csv", output / "leaderboard.md", chapter, cards)
    for dataset in dict.fromkeys(run.dataset for run in runs):
        selection = RunSelection(config, dataset, "", [], strict=False)
        if selection.has_frames():
            save_all(trajectory_figures(selection), output / "figures" / dataset)
    for dataset, mapping in dict.fromkeys((run.dataset, run.mapping) for run in runs):
        task = [run for run in runs if (run.dataset, run.mapping) == (dataset, mapping)]
        lacking = missing[(missing["dataset"] == dataset) & (missing["mapping"] == mapping)]
        untrained, first = lacking[lacking["stage"] == "train"], lacking[lacking["fold"] == 0]
        everything, finished, trained = (
            RunSelection(config, dataset, mapping, without(task, absent), strict=False)
            for absent in (lacking.head(0), lacking, untrained)
        )
        folder = output / "figures" / dataset / mapping
        if everything.has_frames():
            save_all(mapping_figures(everything), folder)
        if finished.cells:
            note = in_short(lacking)
            save_all(score_figures(table, costs, finished.floors(), dataset, mapping, note=note), folder)
            save_all(sample_figures(finished), folder, in_short(first))
            save_all(distribution_figures(finished), folder, in_short(lacking))
        save_all(training_figures(trained), folder, in_short(untrained))
    return missing
