"""Commands that draw the figures of a benchmark: one for each group of figures that read the same files."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cgbench.cli.options import Configs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cgbench.figures.run_selection import RunSelection

app = typer.Typer(
    help="Draw figures of a benchmark that has been run, as SVG, PNG and PDF.\n\n"
    "Runs are found from the configuration; `<results>/config.json` is the configuration of a finished "
    "benchmark. Every run of the dataset and mapping must be there: `cgbench partial` draws an unfinished "
    "benchmark.",
    no_args_is_help=True,
)

Dataset = Annotated[str, typer.Option(help="Dataset as named in the configuration.")]
Mapping = Annotated[str, typer.Option(help="Mapping as named in the configuration.")]
Output = Annotated[
    Path | None,
    typer.Option(help="Directory for the figures; `<results>/figures/<dataset>[/<mapping>]` if not given."),
]


class Atoms(StrEnum):
    """Sets of atoms, as typer takes a choice of which several may be given."""

    HEAVY = "heavy"
    ALL = "all"
    BACKBONE = "backbone"
    SIDECHAIN = "sidechain"


def _draw(
    figures: Callable[["RunSelection"], Iterator[tuple[str, "Figure"]]],
    config: list[Path],
    dataset: str,
    mapping: str,
    output: Path | None,
) -> None:
    """Draw a group of figures, which imports all that they depend on."""
    from cgbench.config.run_matrix import RunMatrix
    from cgbench.figures.run_selection import RunSelection
    from cgbench.figures.style import save_all

    selection = RunSelection.of_config(RunMatrix.load(*config), dataset, mapping)
    save_all(figures(selection), output or selection.figures)


@app.command("scores")
def figures_scores(
    dataset: Dataset,
    mapping: Mapping,
    config: Annotated[
        list[Path] | None, typer.Option(help="File of the benchmark; repeat it to override.")
    ] = None,
    tables: Annotated[
        Path | None,
        typer.Option(
            help="Directory with leaderboard.csv, runs.csv and noise_floor.csv, instead of --config."
        ),
    ] = None,
    output: Output = None,
    atoms: Annotated[
        list[Atoms] | None,
        typer.Option(
            help="Atoms of the comparison, a column of panels each; repeat it. Heavy and all if not given, "
            "or those that all methods have."
        ),
    ] = None,
) -> None:
    """Draw comparison, fidelity and cost from the collected tables.

    The tables are `<results>/leaderboard.csv` and `runs.csv` of the configuration, or those that
    `cgbench export` wrote.

    Example: `cgbench figures scores --tables results/reference/default --dataset alanine_dipeptide
    --mapping cgae --output figures`
    """
    from cgbench.config.run_matrix import RunMatrix
    from cgbench.core.errors import InputError
    from cgbench.figures.noise_floor import read_floors
    from cgbench.figures.run_selection import RunSelection
    from cgbench.figures.score_figures import score_figures
    from cgbench.figures.style import save_all
    from cgbench.results.tables import read_runs, table_file
    from cgbench.statistics.interval_tables import read_intervals

    if tables and output and not config:
        floors = read_floors([tables / "noise_floor.csv"])
    elif config and not tables:
        selection = RunSelection.of_config(RunMatrix.load(*config), dataset, mapping)
        tables, floors = Path(selection.config.results), selection.floors()
        output = output or tables / "figures" / dataset / mapping
    else:
        raise InputError("give either --config, or --tables with --output")
    scores = read_intervals(table_file(tables, "leaderboard.csv"))
    costs = read_runs(table_file(tables, "runs.csv"))
    save_all(score_figures(scores, costs, floors, dataset, mapping, atoms or ()), output)


@app.command("samples")
def figures_samples(config: Configs, dataset: Dataset, mapping: Mapping, output: Output = None) -> None:
    """Draw φ/ψ densities, their difference from MD, and the error of every atom, of the samples of fold 0.

    Example: `cgbench figures samples --config results/config.json --dataset alanine_dipeptide
    --mapping cgae`
    """
    from cgbench.figures.sample_figures import sample_figures

    _draw(sample_figures, config, dataset, mapping, output)


@app.command("distributions")
def figures_distributions(config: Configs, dataset: Dataset, mapping: Mapping, output: Output = None) -> None:
    """Draw distributions of torsions, bond lengths and bond angles in samples of all folds and in MD.

    Example: `cgbench figures distributions --config results/config.json --dataset alanine_dipeptide
    --mapping cgae`
    """
    from cgbench.figures.distributions import distribution_figures

    _draw(distribution_figures, config, dataset, mapping, output)


@app.command("training")
def figures_training(config: Configs, dataset: Dataset, mapping: Mapping, output: Output = None) -> None:
    """Draw the training curves of every method: a row per loss term, a column per resolution.

    Example: `cgbench figures training --config results/config.json --dataset alanine_dipeptide
    --mapping cgae`
    """
    from cgbench.figures.training import training_figures

    _draw(training_figures, config, dataset, mapping, output)


@app.command("mappings")
def figures_mappings(config: Configs, dataset: Dataset, mapping: Mapping, output: Output = None) -> None:
    """Draw the mapping at every resolution, on the bond graph.

    Example: `cgbench figures mappings --config results/config.json --dataset alanine_dipeptide
    --mapping cgae`
    """
    from cgbench.figures.mapping_graph import mapping_figures

    _draw(mapping_figures, config, dataset, mapping, output)


@app.command("trajectories")
def figures_trajectories(config: Configs, dataset: Dataset, output: Output = None) -> None:
    """Draw the molecular dynamics: φ/ψ density and basins, RMSD and radius of gyration of trajectories.

    Example: `cgbench figures trajectories --config results/config.json --dataset alanine_dipeptide`
    """
    from cgbench.figures.trajectory_figures import trajectory_figures

    _draw(trajectory_figures, config, dataset, "", output)


@app.command("sweep")
def figures_sweep(
    config: Configs,
    dataset: Dataset,
    mapping: Mapping,
    setting: Annotated[str, typer.Option(help="Setting in which the methods differ, such as beta.")],
    method: Annotated[
        list[str] | None,
        typer.Option(help="Method to compare; repeat it. All with the setting if not given."),
    ] = None,
    output: Output = None,
) -> None:
    """Draw reconstruction against sampling as a setting of the methods varies, a line per resolution.

    Example: `cgbench figures sweep --config results/beta/config.json --dataset alanine_dipeptide
    --mapping cgae --setting beta`
    """
    from cgbench.config.run_matrix import RunMatrix
    from cgbench.figures.panels import part
    from cgbench.figures.run_selection import RunSelection
    from cgbench.figures.style import save
    from cgbench.figures.sweep import select_sweep, sweep
    from cgbench.statistics.interval_tables import read_intervals

    selection = RunSelection.of_config(RunMatrix.load(*config), dataset, mapping)
    runs = selection.runs("run.json", method or [])
    scores = part(read_intervals(Path(selection.config.results) / "leaderboard.csv"), dataset, mapping)
    figure = sweep(select_sweep(scores, runs, setting), selection.floors(), setting, selection.title)
    save(figure, (output or selection.figures) / f"sweep-{setting}.svg")


@app.command("leakage")
def figures_leakage(
    tables: Annotated[list[Path], typer.Argument(help="Tables written by `cgbench leakage`.")],
    n_beads: Annotated[list[int], typer.Option(help="Resolution of each table, in order.")],
    output: Annotated[
        Path, typer.Option(help="SVG file; PNG and PDF files of the same name are written beside it.")
    ],
    title: Annotated[str, typer.Option(help="Title of the figure.")] = "",
) -> None:
    """Draw distances to the nearest training frame and scores for both splits.

    Example: `cgbench figures leakage leakage-3.csv leakage-6.csv --n-beads 3 --n-beads 6
    --output leakage.svg`
    """
    from cgbench.core.errors import InputError
    from cgbench.figures.leakage import draw_leakage
    from cgbench.figures.style import save
    from cgbench.pipeline.leakage_table import read_leakage

    if len(tables) != len(n_beads):
        raise InputError(
            f"--n-beads is given {len(n_beads)} times for {len(tables)} tables; give one for each"
        )
    save(draw_leakage(dict(zip(n_beads, map(read_leakage, tables), strict=True)), title), output)
