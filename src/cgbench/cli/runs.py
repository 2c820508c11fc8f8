"""Verbs that run one cell of the benchmark, train, sample and score, and its noise floor."""

from pathlib import Path
from typing import Annotated

import typer

from cgbench.cli.options import (
    Device,
    Fold,
    FramesFile,
    MappingFile,
    Seed,
    SplitFile,
    Threads,
    Wait,
    read_spec,
)

app = typer.Typer()


@app.command()
def train(
    frames: FramesFile,
    split: SplitFile,
    mapping: MappingFile,
    method: Annotated[
        str, typer.Option(help='Method as JSON {"use": ..., "settings": {...}}, or @file of it.')
    ],
    output: Annotated[Path, typer.Option(help="Directory for model.pt, history.csv and run.json.")],
    seed: Seed,
    fold: Fold,
    dataset: Annotated[str, typer.Option(help="Name of the dataset in the result tables.")] = "",
    mapping_name: Annotated[str, typer.Option(help="Name of the mapping in the result tables.")] = "",
    threads: Threads = 1,
    device: Device = "auto",
    wait: Wait = False,
) -> None:
    """Train one method on the training frames; validation frames decide when to stop.

    A killed training goes on from its checkpoint when the same command is given again.

    Example: `cgbench train --frames frames.npz --split fold0.json --mapping backbone-6.json
    --method '{"use": "linear"}' --seed 2022 --fold 0 --output runs/linear`
    """
    from cgbench.core.registry import PlugIn
    from cgbench.pipeline.train import train

    train(
        frames,
        split,
        mapping,
        PlugIn.from_json("methods", read_spec(method)),
        output,
        seed=seed,
        fold=fold,
        dataset=dataset,
        mapping_name=mapping_name,
        threads=threads,
        device=device,
        progress=True,
        wait=wait,
    )


@app.command()
def sample(
    model: Annotated[Path, typer.Option(help="model.pt written by `cgbench train`.")],
    frames: FramesFile,
    split: SplitFile,
    n_samples: Annotated[int, typer.Option(min=1, help="Geometries drawn for each test frame.")],
    output: Annotated[Path, typer.Option(help="samples.npz: reconstructions and samples, Å.")],
    seed: Seed,
    fold: Fold,
    threads: Threads = 1,
    device: Device = "auto",
) -> None:
    """Reconstruct the test frames and draw samples from their beads; raw output, scored later.

    Example: `cgbench sample --model runs/linear/model.pt --frames frames.npz --split fold0.json
    --n-samples 8 --seed 2022 --fold 0 --output runs/linear/samples.npz`
    """
    from cgbench.pipeline.sample import sample

    sample(
        model,
        frames,
        split,
        output,
        n_samples=n_samples,
        seed=seed,
        fold=fold,
        threads=threads,
        device=device,
    )


@app.command()
def score(
    run: Annotated[Path, typer.Option(help="run.json of the training; it labels the rows.")],
    frames: FramesFile,
    split: SplitFile,
    mapping: MappingFile,
    samples: Annotated[Path, typer.Option(help="samples.npz written by `cgbench sample`.")],
    metrics: Annotated[str, typer.Option(help="Names of metrics with commas between.")],
    output: Annotated[Path, typer.Option(help="metrics.csv: one row per metric and set of atoms.")],
    per_frame: Annotated[
        Path | None, typer.Option(help=".npz for the scores of every test frame and block of frames.")
    ] = None,
    card: Annotated[
        Path | None, typer.Option(help="card.json of the dataset, for energies in its force field.")
    ] = None,
    threads: Threads = 1,
    device: Device = "auto",
) -> None:
    """Score stored samples; trains and samples nothing.

    Example: `cgbench score --run run.json --frames frames.npz --split fold0.json
    --mapping backbone-6.json --samples samples.npz --metrics rmsd_recon,graph_xor --output metrics.csv`
    """
    from cgbench.pipeline.score import evaluate

    evaluate(
        run,
        frames,
        split,
        mapping,
        samples,
        metrics.split(","),
        output,
        per_frame,
        card,
        threads=threads,
        device=device,
    )


@app.command()
def noise_floor(
    frames: FramesFile,
    split: SplitFile,
    metrics: Annotated[str, typer.Option(help="Names of metrics with commas between.")],
    dataset: Annotated[str, typer.Option(help="Name of the dataset in the table.")],
    output: Annotated[Path, typer.Option(help="CSV: one row per metric that has a floor.")],
    card: Annotated[
        Path | None, typer.Option(help="card.json of the dataset, for energies in its force field.")
    ] = None,
) -> None:
    """Score MD against MD: the test frames of a fold against as many independent ones.

    Example: `cgbench noise-floor --frames frames.npz --split fold0.json --metrics phi_psi_jsd,angle_w1
    --dataset alanine_dipeptide --output fold0.floor.csv`
    """
    from cgbench.statistics.noise_floor import write_noise_floor

    write_noise_floor(frames, split, metrics.split(","), dataset, output, card)
