"""Commands for programs that are run as methods."""

from pathlib import Path
from typing import Annotated

import typer

from cgbench.cli.options import (
    DatasetLabel,
    Folds,
    FramesFile,
    MappingFile,
    MappingLabel,
    SamplesOfProtocol,
    Seed,
    SplitFile,
    Threads,
    of_fold,
    read_json_spec,
)

app = typer.Typer()


@app.command()
def build_environment(
    requirements: Annotated[Path, typer.Option(help="Requirements file of pip.")],
    output: Annotated[Path, typer.Option(help="Folder of the environment; what is in it is removed.")],
) -> None:
    """Make a virtual environment for a program, with the packages of a requirements file.

    Example: `cgbench build-environment --requirements requirements.txt --output environment`
    """
    from cgbench.runtime.virtual_environment import build_environment

    build_environment(requirements, output)


@app.command()
def run_program(
    program: Annotated[str, typer.Option(help="Program of a configuration as JSON, or @path of it.")],
    name: Annotated[str, typer.Option(help="Name of the method.")],
    frames: FramesFile,
    split: SplitFile,
    mapping: MappingFile,
    dataset: DatasetLabel,
    mapping_name: MappingLabel,
    n_samples: SamplesOfProtocol,
    output: Annotated[Path, typer.Option(help="Directory for run.json and samples.npz.")],
    fold: Folds,
    environment: Annotated[
        Path | None, typer.Option(help="Folder written by `cgbench build-environment`.")
    ] = None,
    seed: Seed = 2022,
    threads: Threads = 1,
) -> None:
    """Run a program on the beads of the test frames and store its geometries as samples, for `cgbench score`.

    Only the command of the program is executed, without a shell.

    Example: `cgbench run-program --program @program.json --name theirs --frames frames.npz --split fold0.json
    --mapping alpha_carbon-12.json --dataset chignolin --mapping-name alpha_carbon --n-samples 8 --fold 0
    --output theirs`
    """
    from cgbench.chem.frames import Frames
    from cgbench.config.program import Program
    from cgbench.config.run_matrix import RunSpec
    from cgbench.core.settings import parse_settings
    from cgbench.data.splits import Split
    from cgbench.mapping.base import Mapping
    from cgbench.pipeline.program import run_program

    given = parse_settings(Program, read_json_spec(program, "--program"), "--program")
    stored = Frames.load(frames)
    for number in fold:
        beads = Mapping.load_for(of_fold(mapping, number, fold), stored.molecule.n_atoms, frames)
        found = run_program(
            given,
            stored,
            Split.load_for(of_fold(split, number, fold), stored, frames),
            beads,
            RunSpec(dataset, mapping_name, beads.n_beads, name, number),
            of_fold(output, number, fold),
            n_samples=n_samples,
            seed=seed,
            threads=threads,
            environment=environment,
        )
        for note in found.notes:
            typer.echo(f"fold {number}: {note}")
