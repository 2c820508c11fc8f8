"""Commands that make tables, partial reports, exports and the site from the results of single runs."""

from pathlib import Path
from typing import Annotated

import typer

from cgbench.cli.options import Configs, RunsTable
from cgbench.core.wording import counted

app = typer.Typer()


@app.command()
def collect(
    config: Configs,
    metrics_output: Annotated[
        Path | None, typer.Option(help="Table of scores; `<results>/metrics.csv` if not given.")
    ] = None,
    runs_output: Annotated[
        Path | None, typer.Option(help="Table of costs; `<results>/runs.csv` if not given.")
    ] = None,
) -> None:
    """Join the scores and costs of the finished runs of a benchmark, and list the missing files.

    Reads metrics.csv and run.json of every run of the configuration. Missing files are printed and are
    not an error.

    Example: `cgbench collect --config config/config.yaml --config config/simulations.yaml`
    """
    from cgbench.config.run_matrix import RunMatrix
    from cgbench.results.tables import collect

    checked = RunMatrix.load(*config)
    results = Path(checked.results)
    runs = [checked.run_folder(cell) for cell in checked.run_specs()]
    missing = collect(runs, metrics_output or results / "metrics.csv", runs_output or results / "runs.csv")
    for path in missing:
        typer.echo(f"missing: {path}")
    typer.echo(f"{counted(len(runs), 'run')} wanted, {len(missing)} of their {2 * len(runs)} files missing")


@app.command()
def partial(
    config: Configs,
    output: Annotated[
        Path | None, typer.Option(help="Directory for tables and figures; `<results>/partial` if not given.")
    ] = None,
) -> None:
    """Make tables and figures of the runs that have scores, and list the missing runs.

    For a benchmark that is still running, or in which a method fails. Repeats no run, and changes no file
    of the workflow.

    Example: `cgbench partial --config results/config.json`
    """
    from cgbench.config.run_matrix import RunMatrix
    from cgbench.report.partial_report import partial_report

    checked = RunMatrix.load(*config)
    folder = output or Path(checked.results) / "partial"
    missing = partial_report(checked, folder)
    for run in missing.to_dict("records"):
        beads = counted(run["n_beads"], "bead")
        text = "{dataset}, {mapping}, {beads}, {method}, fold {fold}: {stage}".format_map(
            run | {"beads": beads}
        )
        typer.echo(f"missing: {text}" + (f", see {run['log']}" if run["log"] else ""))
    typer.echo(f"{folder / 'leaderboard.md'}: {counted(len(missing), 'run')} missing")


@app.command()
def intervals(
    config: Configs,
    output: Annotated[
        Path | None, typer.Option(help="Table of scores; `<results>/intervals.csv` if not given.")
    ] = None,
    differences: Annotated[
        Path | None, typer.Option(help="Table of pairs; `<results>/differences.csv` if not given.")
    ] = None,
) -> None:
    """Estimate confidence intervals of scores and of differences between methods.

    Reads run.json and scores.npz of every run of the configuration that exists.

    Example: `cgbench intervals --config config/config.yaml --config config/simulations.yaml`
    """
    from cgbench.config.run_matrix import RunMatrix
    from cgbench.statistics.interval_tables import intervals, write

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
    csv: Annotated[Path, typer.Option(help="The leaderboard as CSV.")],
    markdown: Annotated[Path, typer.Option(help="The leaderboard as Markdown.")],
    where: Annotated[
        list[str] | None,
        typer.Option(
            help="Rank only methods with this on their card, such as training=zero-shot; repeat it. The "
            "upper and the lower control stay."
        ),
    ] = None,
) -> None:
    """Rank methods on every task: means with intervals and costs; best and tied methods are marked.

    Example: `cgbench leaderboard --intervals results/intervals.csv --differences results/differences.csv
    --runs results/runs.csv --csv leaderboard.csv --markdown leaderboard.md --where training=zero-shot`
    """
    from cgbench.report.leaderboard import leaderboard, write
    from cgbench.report.method_cards import cards_as_markdown, chosen
    from cgbench.results.tables import read_runs
    from cgbench.statistics.interval_tables import read_differences, read_intervals

    rows, pairs, of_runs = chosen(
        where or [], read_intervals(intervals), read_differences(differences), read_runs(runs)
    )
    write(leaderboard(rows, pairs, of_runs), csv, markdown, cards=cards_as_markdown(of_runs))


@app.command()
def states(
    config: Configs,
    csv: Annotated[Path | None, typer.Option(help="CSV file to write instead of printing the table.")] = None,
) -> None:
    """Average scores by the state of the trajectory, such as folded and unfolded.

    Heavy atoms, test frames of all folds, of the runs that have scores.

    Example: `cgbench states --config results/config.json`
    """
    from cgbench.config.run_matrix import RunMatrix
    from cgbench.core.atomic_io import write_csv
    from cgbench.statistics.by_state import scores_by_state

    table = scores_by_state(RunMatrix.load(*config))
    if csv:
        write_csv(csv, table, "%.6f")
    elif len(table):
        typer.echo(table.to_markdown(index=False, floatfmt=".3f"))
    else:
        typer.echo("no dataset with states of trajectories has a run with scores")


@app.command()
def export(
    config: Configs,
    output: Annotated[Path, typer.Option(help="New folder, or one that this command has made, to replace.")],
    method: Annotated[str, typer.Option(help="Method of the figures that show one method.")] = "cgvae",
) -> None:
    """Export tables and figures of a finished benchmark, small enough for a repository or a supplement.

    Large tables are compressed (metrics.csv.gz). Figures are PNG with 128 colours; models, samples and logs
    are not exported. manifest.json has the checksums of all files.

    Example: `cgbench export --config results/config.json --output supplement`
    """
    from cgbench.config.run_matrix import RunMatrix
    from cgbench.report.export import export

    export(RunMatrix.load(*config), output, method)
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    typer.echo(f"{output}: {size / 2**20:.1f} MiB")


@app.command()
def site(
    config: Configs,
    output: Annotated[
        Path | None,
        typer.Option(help="New folder, or one that this command made; `<results>/site` if not given."),
    ] = None,
    docs: Annotated[
        str, typer.Option(help="Address of the documentation for a link, such as ../docs/index.html.")
    ] = "",
) -> None:
    """Write the results as a site with charts and molecules, to be opened in a browser.

    The site needs neither a server nor the network. Of a benchmark that is not finished it shows what is
    there, and says what is missing; the same command refreshes it.

    Example: `cgbench site --config results/config.json --output site`
    """
    from cgbench.config.run_matrix import RunMatrix
    from cgbench.site.build import build_site

    checked = RunMatrix.load(*config)
    folder = output or Path(checked.results) / "site"
    for text in build_site(checked, folder, docs):
        typer.echo(f"missing: {text}")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    typer.echo(f"{folder / 'index.html'}: {size / 2**20:.1f} MiB")
