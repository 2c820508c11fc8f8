"""Verbs that draw: a figure each, or the figures of a dataset and mapping that share what they read."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from cgbench.cli.options import FramesFile, MetricsTable, Output, RunsTable, SplitFile, Title

app = typer.Typer()

Directory = Annotated[Path, typer.Option("--output", help="Directory for the figures, SVG and PNG.")]
RunDirs = Annotated[list[Path], typer.Argument(help="Directories of runs, `<results>/runs/.../fold<k>`.")]
Mappings = Annotated[list[Path], typer.Argument(help="Mappings written by `cgbench map`.")]
Floors = Annotated[list[Path], typer.Option("--floor", help="Noise floor of a fold, or of many; repeat it.")]
Splits = Annotated[list[Path], typer.Option("--split", help="`fold<k>.json` of `cgbench split`; repeat it.")]


class Atoms(StrEnum):
    """Sets of atoms, as typer takes a choice of which several may be given."""

    HEAVY = "heavy"
    ALL = "all"


@app.command()
def figures_scores(
    metrics: MetricsTable,
    runs: RunsTable,
    floor: Floors,
    dataset: Annotated[str, typer.Option(help="Dataset as named in the tables.")],
    mapping: Annotated[str, typer.Option(help="Mapping as named in the tables.")],
    output: Directory,
    atoms: Annotated[
        list[Atoms] | None,
        typer.Option(help="Atoms of the comparison, one row of panels each; repeat it. Both if not given."),
    ] = None,
    spread: Annotated[
        Literal["se", "sd"], typer.Option(help="Error bars of the comparison: standard error or deviation.")
    ] = "se",
) -> None:
    """Draw what the tables say: comparison, fidelity, cost and trade, a line or point per method.

    Example: `cgbench figures-scores --metrics results/metrics.csv --runs results/runs.csv
    --floor results/data/alanine_dipeptide/splits/fold0.floor.csv --dataset alanine_dipeptide
    --mapping cgae --output figures`
    """
    from cgbench.figures.comparison import comparison
    from cgbench.figures.cost import cost
    from cgbench.figures.diversity_validity import trade
    from cgbench.figures.fidelity import fidelity
    from cgbench.figures.noise_floor import read_floors
    from cgbench.figures.style import save
    from cgbench.results.tables import read_metrics, read_runs

    scores, costs = read_metrics(metrics), read_runs(runs)
    chosen = comparison(scores, costs, dataset, mapping, atoms or list(Atoms), spread)
    save(chosen, output / "comparison.svg")
    save(fidelity(scores, read_floors(floor), dataset, mapping), output / "fidelity.svg")
    save(cost(scores, costs, dataset, mapping), output / "cost.svg")
    save(trade(scores, dataset, mapping), output / "trade.svg")


@app.command()
def figures_samples(
    frames: FramesFile,
    split: SplitFile,
    floor: Annotated[Path, typer.Option(help="Noise floor of the fold, written by `cgbench noise-floor`.")],
    runs: RunDirs,
    output: Directory,
    title: Title = "",
) -> None:
    """Draw what samples look like: φ/ψ densities, their difference from MD, and the error of every atom.

    Reads samples.npz, run.json and metrics.csv of every run; give those of one dataset, mapping and fold.

    Example: `cgbench figures-samples --frames results/data/alanine_dipeptide/frames.npz
    --split results/data/alanine_dipeptide/splits/fold0.json
    --floor results/data/alanine_dipeptide/splits/fold0.floor.csv
    results/runs/alanine_dipeptide/cgae-*/*/fold0 --output figures`
    """
    from cgbench.chem.frames import Frames
    from cgbench.data.splits import Split
    from cgbench.figures.noise_floor import floor_values, read_floors
    from cgbench.figures.sample_figures import draw_samples

    stored = Frames.load(frames)
    floors = floor_values(read_floors([floor]), "phi_psi_jsd", "all")
    draw_samples(stored, Split.load_for(split, stored, frames), floors.mean(), runs, output, title)


@app.command()
def figures_distributions(
    frames: FramesFile, split: Splits, runs: RunDirs, output: Directory, title: Title = ""
) -> None:
    """Draw how torsions, bond lengths and bond angles are distributed: a ridge per method, beside MD.

    Reads scores.npz and run.json of every run; give those of one dataset and mapping, of all folds.

    Example: `cgbench figures-distributions --frames results/data/alanine_dipeptide/frames.npz
    --split results/data/alanine_dipeptide/splits/fold0.json
    results/runs/alanine_dipeptide/cgae-*/*/fold0 --output figures`
    """
    from cgbench.chem.frames import Frames
    from cgbench.chem.observables import Observables
    from cgbench.data.splits import Split
    from cgbench.figures.distribution_terms import quantities
    from cgbench.figures.distributions import distributions, read_distributions
    from cgbench.figures.style import save
    from cgbench.statistics.noise_floor import independent_parts

    stored = Frames.load(frames)
    floors = []
    for path in split:
        parts = independent_parts(Split.load_for(path, stored, frames))
        first, second = (Observables(stored.positions[part][:, None], stored.molecule) for part in parts)
        floors.append((first, second))
    read = [read_distributions(run) for run in runs]
    for quantity in quantities(stored.molecule):
        save(distributions(quantity, read, floors, title), output / f"{quantity.name}.svg")


@app.command()
def figure_sweep(
    setting: Annotated[str, typer.Option(help="Setting in which the methods differ, such as beta.")],
    floor: Floors,
    runs: RunDirs,
    output: Output,
    title: Title = "",
) -> None:
    """Draw reconstruction against sampling as a setting of the methods varies, a line per resolution.

    Reads run.json and metrics.csv of every run; give those of one dataset and mapping.

    Example: `cgbench figure-sweep --setting beta
    --floor results/beta/data/alanine_dipeptide/splits/fold0.floor.csv
    results/beta/runs/alanine_dipeptide/cgae-*/*/fold* --output beta.svg`
    """
    from cgbench.figures.noise_floor import read_floors
    from cgbench.figures.style import save
    from cgbench.figures.sweep import read_sweep, sweep

    save(sweep(read_sweep(runs, setting), read_floors(floor), setting, title), output)


@app.command()
def figure_training(runs: RunDirs, output: Output) -> None:
    """Draw the training curves of one method: a row per loss term, a column per resolution.

    Reads history.csv and run.json of every run; give those of one dataset, mapping and method.

    Example: `cgbench figure-training results/runs/alanine_dipeptide/cgae-*/cgvae/fold*
    --output training.svg`
    """
    from cgbench.figures.style import save
    from cgbench.figures.training import read_histories, training

    save(training(read_histories(runs)), output)


@app.command()
def figure_mapping(
    frames: FramesFile,
    mappings: Mappings,
    output: Output,
    title: Title = "",
) -> None:
    """Draw mappings on the bond graph of the molecule, from coarse to fine.

    Example: `cgbench figure-mapping --frames results/data/alanine_dipeptide/frames.npz
    results/mappings/alanine_dipeptide/cgae-*/fold0.json --output mapping.svg`
    """
    from cgbench.chem.frames import Frames
    from cgbench.figures.mapping_graph import mapping_graph
    from cgbench.figures.style import save
    from cgbench.mapping.base import Mapping

    molecule = Frames.load(frames).molecule
    chosen = [Mapping.load_for(path, molecule.n_atoms, frames) for path in mappings]
    save(mapping_graph(molecule, chosen, title), output)


@app.command()
def figure_mapping_view(
    frames: FramesFile,
    mappings: Mappings,
    output: Output,
    title: Title = "",
) -> None:
    """Draw mappings in space, on the first frame of the molecule, from coarse to fine.

    Example: `cgbench figure-mapping-view --frames results/data/alanine_dipeptide/frames.npz
    results/mappings/alanine_dipeptide/cgae-*/fold0.json --output mapping-view.svg`
    """
    from cgbench.chem.frames import Frames
    from cgbench.figures.mapping_view import mapping_view
    from cgbench.figures.style import save
    from cgbench.mapping.base import Mapping

    stored = Frames.load(frames)
    chosen = [Mapping.load_for(path, stored.molecule.n_atoms, frames) for path in mappings]
    save(mapping_view(stored.molecule, stored.positions[0], chosen, title), output)


@app.command()
def figure_walkers(frames: FramesFile, output: Output, title: Title = "") -> None:
    """Draw φ/ψ density and basin populations of every trajectory, to see whether they agree.

    Example: `cgbench figure-walkers --frames results/data/alanine_dipeptide/frames.npz
    --output walkers.svg`
    """
    from cgbench.chem.frames import Frames
    from cgbench.figures.style import save
    from cgbench.figures.walkers import walkers

    save(walkers(Frames.load(frames), title), output)


@app.command()
def figure_shape(
    frames: FramesFile,
    card: Annotated[Path, typer.Option(help="Card of the frames, which may name states of trajectories.")],
    output: Output,
    title: Title = "",
) -> None:
    """Draw RMSD and radius of gyration of every trajectory over time, coloured by state.

    Example: `cgbench figure-shape --frames results/data/chignolin/frames.npz
    --card results/data/chignolin/card.json --output shape.svg`
    """
    from cgbench.chem.frames import Frames
    from cgbench.core.atomic_io import read_json
    from cgbench.figures.shape import shape
    from cgbench.figures.style import save

    states = [known.get("state", "") for known in read_json(card)["trajectories"]]
    save(shape(Frames.load(frames), states, title), output)
