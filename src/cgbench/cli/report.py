"""Verbs that turn the results of single runs into tables, and what is finished into a report."""

from pathlib import Path
from typing import Annotated

import typer

from cgbench.cli.options import RunsTable

app = typer.Typer()


@app.command()
def collect(
    config: Annotated[list[Path], typer.Option(help="YAML file of the benchmark; repeat it to override.")],
    metrics_output: Annotated[
        Path | None, typer.Option(help="Table of scores; `<results>/metrics.csv` if not given.")
    ] = None,
    runs_output: Annotated[
        Path | None, typer.Option(help="Table of costs; `<results>/runs.csv` if not given.")
    ] = None,
) -> None:
    """Join the scores and costs of all runs of a benchmark that are there, and list those that are not.

    Reads metrics.csv and run.json of every run that the configuration asks for. Missing ones are
    printed, not an error, so that a benchmark which is still running can be looked at.

    Example: `cgbench collect --config config/config.yaml --config config/simulations.yaml`
    """
    from cgbench.config.run_matrix import RunMatrix
    from cgbench.results.tables import collect

    checked = RunMatrix.load(*config)
    results = Path(checked.results)
    runs = [checked.run_folder(cell) for cell in checked.run_specs()]
    missing = collect(
        [run / "metrics.csv" for run in runs],
        [run / "run.json" for run in runs],
        metrics_output or results / "metrics.csv",
        runs_output or results / "runs.csv",
    )
    for path in missing:
        typer.echo(f"missing: {path}")
    typer.echo(f"{len(runs)} runs wanted, {len(missing)} of their {2 * len(runs)} files are missing")


@app.command()
def partial(
    config: Annotated[list[Path], typer.Option(help="YAML file of the benchmark; repeat it to override.")],
    output: Annotated[
        Path | None, typer.Option(help="Directory for tables and figures; `<results>/partial` if not given.")
    ] = None,
) -> None:
    """Make tables and figures of the runs that are scored, and name those that are missing.

    For a benchmark that is still running, or in which a method fails. Repeats no run, and leaves what
    the workflow has made alone.

    Example: `cgbench partial --config results/config.json`
    """
    from cgbench.config.run_matrix import RunMatrix
    from cgbench.report.partial_report import partial_report

    checked = RunMatrix.load(*config)
    folder = output or Path(checked.results) / "partial"
    missing = partial_report(checked, folder)
    for run in missing.to_dict("records"):
        where = "{dataset}, {mapping}, {n_beads} beads, {method}, fold {fold}: {stage}".format_map(run)
        typer.echo(f"missing: {where}" + (f", see {run['log']}" if run["log"] else ""))
    typer.echo(f"{folder / 'leaderboard.md'}: {len(missing)} runs are missing")


@app.command()
def intervals(
    config: Annotated[list[Path], typer.Option(help="YAML file of the benchmark; repeat it to override.")],
    output: Annotated[
        Path | None, typer.Option(help="Table of scores; `<results>/intervals.csv` if not given.")
    ] = None,
    differences: Annotated[
        Path | None, typer.Option(help="Table of pairs; `<results>/differences.csv` if not given.")
    ] = None,
) -> None:
    """Give every score, and every difference of two methods, its confidence interval by bootstrap.

    Reads run.json and scores.npz of every run that the configuration asks for and that is there.

    Example: `cgbench intervals --config config/config.yaml --config config/simulations.yaml`
    """
    from cgbench.config.run_matrix import RunMatrix
    from cgbench.statistics.intervals import intervals, write

    checked = RunMatrix.load(*config)
    results = Path(checked.results)
    folders = [checked.run_folder(cell) for cell in checked.run_specs()]
    runs = [folder for folder in folders if (folder / "scores.npz").exists()]
    write(*intervals(runs), output or results / "intervals.csv", differences or results / "differences.csv")


@app.command()
def leaderboard(
    intervals: Annotated[Path, typer.Option(help="intervals.csv written by `cgbench intervals`.")],
    differences: Annotated[Path, typer.Option(help="differences.csv written by `cgbench intervals`.")],
    runs: RunsTable,
    csv: Annotated[Path, typer.Option(help="The leaderboard for machines.")],
    markdown: Annotated[Path, typer.Option(help="The leaderboard for people.")],
) -> None:
    """Rank methods on every task: means with intervals, cost, best and tied ones marked.

    Example: `cgbench leaderboard --intervals results/intervals.csv --differences results/differences.csv
    --runs results/runs.csv --csv leaderboard.csv --markdown leaderboard.md`
    """
    from cgbench.report.leaderboard import leaderboard, write
    from cgbench.results.tables import read_runs
    from cgbench.statistics.intervals import read_differences, read_intervals

    table = leaderboard(read_intervals(intervals), read_differences(differences), read_runs(runs))
    write(table, csv, markdown)


@app.command()
def states(
    config: Annotated[list[Path], typer.Option(help="YAML file of the benchmark; repeat it to override.")],
    csv: Annotated[Path | None, typer.Option(help="Write a table for machines, and print none.")] = None,
) -> None:
    """Average scores by the state of the trajectories they are of, such as folded and unfolded.

    Heavy atoms, test frames of all folds, of the runs that are scored.

    Example: `cgbench states --config results/config.json`
    """
    from cgbench.config.run_matrix import RunMatrix
    from cgbench.core.atomic_io import atomic_output
    from cgbench.statistics.by_state import scores_by_state

    table = scores_by_state(RunMatrix.load(*config))
    if csv:
        with atomic_output(csv) as temporary:
            table.to_csv(temporary, index=False, float_format="%.6f")
    elif len(table):
        typer.echo(table.to_markdown(index=False, floatfmt=".3f"))
    else:
        typer.echo("no scored run of a dataset whose trajectories have states")


@app.command()
def keep(
    config: Annotated[list[Path], typer.Option(help="YAML file of the benchmark; repeat it to override.")],
    output: Annotated[Path, typer.Option(help="Folder to make, or to replace if this verb has made it.")],
    method: Annotated[
        str, typer.Option(help="Whose figures are kept, of those that show one method.")
    ] = "cgvae",
) -> None:
    """Keep tables and figures of a finished benchmark, small enough for a repository or a supplement.

    Pictures become PNG of few colours; models, samples and logs stay where they are. kept.json lists what
    was kept with checksums.

    Example: `cgbench keep --config results/config.json --output supplement`
    """
    from cgbench.config.run_matrix import RunMatrix
    from cgbench.report.export import keep

    keep(RunMatrix.load(*config), output, method)
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    typer.echo(f"{output}: {size / 2**20:.1f} MiB")
