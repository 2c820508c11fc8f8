"""Commands for the stages of a run: train, sample, score, and the noise floor of a dataset."""

from pathlib import Path
from typing import Annotated

import typer

from cgbench.cli.options import (
    DatasetLabel,
    Device,
    Folds,
    FramesFile,
    MappingFile,
    MappingLabel,
    Seed,
    SplitFile,
    Threads,
    Wait,
    of_fold,
    read_spec,
)

app = typer.Typer()

Metrics = Annotated[str, typer.Option("--metrics", help="Comma-separated names of metrics.")]
Card = Annotated[
    Path | None, typer.Option("--card", help="card.json of the dataset, for energies in its force field.")
]


@app.command()
def train(
    frames: FramesFile,
    split: SplitFile,
    mapping: MappingFile,
    method: Annotated[
        str, typer.Option(help='Method as JSON {"use": ..., "settings": {...}}, or @path of a JSON file.')
    ],
    output: Annotated[Path, typer.Option(help="Directory for model.pt, history.csv and run.json.")],
    seed: Seed,
    fold: Folds,
    dataset: DatasetLabel = "",
    mapping_name: MappingLabel = "",
    n_samples: Annotated[
        int, typer.Option(min=0, help="Also draw this many samples per test frame, into samples.npz there.")
    ] = 0,
    threads: Threads = 1,
    device: Device = "auto",
    wait: Wait = False,
    trained: Annotated[
        Path | None,
        typer.Option(help="model.pt of the method that this one builds on, so that it is not trained again."),
    ] = None,
) -> None:
    """Train one method on the training frames; the validation frames decide when to stop.

    Run the same command again to resume a killed training.

    Example: `cgbench train --frames frames.npz --split fold0.json --mapping backbone-6.json
    --method '{"use": "linear"}' --seed 2022 --fold 0 --output runs/linear`
    """
    from cgbench.core.registry import PlugIn
    from cgbench.pipeline.train import train

    for number in fold:
        train(
            frames,
            of_fold(split, number, fold),
            of_fold(mapping, number, fold),
            PlugIn.from_json("methods", read_spec(method)),
            of_fold(output, number, fold),
            seed=seed,
            fold=number,
            dataset=dataset,
            mapping_name=mapping_name,
            threads=threads,
            device=device,
            progress=True,
            wait=wait,
            trained_path=trained and of_fold(trained, number, fold),
        )
    if n_samples:
        model, samples = output / "model.pt", output / "samples.npz"
        sample(model, frames, split, n_samples, samples, seed, fold, threads, device)


@app.command()
def sample(
    model: Annotated[Path, typer.Option(help="model.pt written by `cgbench train`.")],
    frames: FramesFile,
    split: SplitFile,
    n_samples: Annotated[int, typer.Option(min=1, help="Samples drawn for each test frame.")],
    output: Annotated[Path, typer.Option(help="samples.npz: reconstructions and samples, Å.")],
    seed: Seed,
    fold: Folds,
    threads: Threads = 1,
    device: Device = "auto",
) -> None:
    """Reconstruct the test frames and draw samples from their beads, for `cgbench score`.

    Example: `cgbench sample --model runs/linear/model.pt --frames frames.npz --split fold0.json
    --n-samples 8 --seed 2022 --fold 0 --output runs/linear/samples.npz`
    """
    from cgbench.pipeline.sample import sample

    for number in fold:
        sample(
            of_fold(model, number, fold),
            frames,
            of_fold(split, number, fold),
            of_fold(output, number, fold),
            n_samples=n_samples,
            seed=seed,
            fold=number,
            threads=threads,
            device=device,
        )


@app.command()
def score(
    run: Annotated[Path, typer.Option(help="run.json of the training (source of the row labels).")],
    frames: FramesFile,
    split: SplitFile,
    mapping: MappingFile,
    samples: Annotated[Path, typer.Option(help="samples.npz written by `cgbench sample`.")],
    metrics: Metrics,
    output: Annotated[Path, typer.Option(help="metrics.csv: one row per metric and set of atoms.")],
    per_frame: Annotated[
        Path | None, typer.Option(help=".npz for the scores of every test frame and block of frames.")
    ] = None,
    card: Card = None,
    energies: Annotated[
        Path | None, typer.Option(help="Energies of the test frames, written by `cgbench noise-floor`.")
    ] = None,
    fold: Folds = [0],  # noqa: B006
    threads: Threads = 1,
    device: Device = "auto",
) -> None:
    """Compute the metrics of stored samples.

    Example: `cgbench score --run run.json --frames frames.npz --split fold0.json
    --mapping backbone-6.json --samples samples.npz --metrics rmsd_recon,graph_xor --output metrics.csv`
    """
    from cgbench.pipeline.score import evaluate

    for number in fold:
        evaluate(
            of_fold(run, number, fold),
            frames,
            of_fold(split, number, fold),
            of_fold(mapping, number, fold),
            of_fold(samples, number, fold),
            metrics.split(","),
            of_fold(output, number, fold),
            per_frame and of_fold(per_frame, number, fold),
            card,
            energies and of_fold(energies, number, fold),
            threads=threads,
            device=device,
        )


@app.command()
def noise_floor(
    frames: FramesFile,
    split: SplitFile,
    metrics: Metrics,
    dataset: Annotated[str, typer.Option(help="Name of the dataset in the table.")],
    output: Annotated[Path, typer.Option(help="CSV: one row per metric that has a noise floor.")],
    card: Card = None,
    energies: Annotated[
        Path | None, typer.Option(help="CSV for the energies of the test frames, for `cgbench score`.")
    ] = None,
    fold: Folds = [0],  # noqa: B006
) -> None:
    """Compute the noise floor: metrics of the test frames against equally many independent MD frames.

    Example: `cgbench noise-floor --frames frames.npz --split fold0.json --metrics angle_energy_distance
    --dataset alanine_dipeptide --output fold0.floor.csv`
    """
    from cgbench.statistics.noise_floor import write_noise_floor

    for number in fold:
        write_noise_floor(
            frames,
            of_fold(split, number, fold),
            metrics.split(","),
            dataset,
            of_fold(output, number, fold),
            card,
            energies and of_fold(energies, number, fold),
        )
