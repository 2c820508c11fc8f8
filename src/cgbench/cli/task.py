"""Commands about tasks: what a score refers to, stored, listed and exported for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from cgbench.cli.options import (
    FramesFile,
    ProtocolSpec,
    Seed,
    TaskConfigs,
    TaskName,
    of_fold,
    read_json_spec,
    read_spec,
)
from cgbench.core.wording import counted

app = typer.Typer(help="Tasks: the frames, folds and beads that a score refers to.", no_args_is_help=True)


@app.command("list")
def task_list(config: TaskConfigs = None) -> None:
    """Print the tasks of a configuration, and those that are stored with a version.

    Example: `cgbench task list`
    """
    from cgbench.config.loader import Config
    from cgbench.core.settings import or_in_checkout
    from cgbench.pipeline.task import DEFAULT, known_tasks

    checked = Config.load(*(config or map(or_in_checkout, DEFAULT)))
    for name, known in known_tasks(checked).items():
        typer.echo(f"{name}: {', '.join(known)}")


@app.command("export")
def task_export(
    name: TaskName,
    output: Annotated[
        Path, typer.Option(help="New folder; with several folds, {fold} in it stands for the number.")
    ],
    fold: Annotated[
        list[int] | None, typer.Option(min=0, help="Fold, from 0; repeat it. All folds if not given.")
    ] = None,
    training: Annotated[
        bool,
        typer.Option(
            help="Whether to write training and validation frames. Without them, no file has a test frame of "
            "any fold."
        ),
    ] = True,
    config: TaskConfigs = None,
) -> None:
    """Write a task as a folder for each fold, which anybody can use without this package.

    It has the beads of the test frames (NPZ, PDB, XTC), the topology, training frames, and task.json with
    checksums, units and licence. No file has a test frame of the fold.

    Example: `cgbench task export alanine_dipeptide-cgae-3 --output tasks/fold{fold}`
    """
    from cgbench.pipeline.task import Task
    from cgbench.pipeline.task_export import export_task

    task = Task.named(name, config or ())
    folds = fold or list(range(task.config.protocol.folds))
    for number in folds:
        folder = of_fold(output, number, folds)
        export_task(task, number, folder, training=training)
        typer.echo(f"{folder}: {counted(len(task.split(number).test), 'test frame')} of {task.name}")


@app.command("store")
def task_store(
    frames: FramesFile,
    dataset: Annotated[str, typer.Option(help="Name of the dataset.")],
    mapping: Annotated[
        str, typer.Option(help='Mapping generator as JSON {"use": ..., "settings": {...}}, or @path.')
    ],
    n_beads: Annotated[list[int], typer.Option(min=1, help="Number of beads; may be repeated.")],
    output: Annotated[Path, typer.Option(help="Folder for folds.json and the mappings; it is replaced.")],
    seed: Seed,
    tuning: Annotated[
        Path | None,
        typer.Option(
            help="frames.npz of trajectories in no fold, from which the mappings are learned; by default the "
            "training frames of fold 0."
        ),
    ] = None,
    tuning_dataset: Annotated[str, typer.Option(help="Name of the dataset that --tuning holds.")] = "",
    protocol: ProtocolSpec = "{}",
    task_version: Annotated[int, typer.Option(min=1, help="Version of the tasks.")] = 1,
) -> None:
    """Store the folds of a dataset and mappings, so that they are the same everywhere.

    Example: `cgbench task store --frames frames.npz --dataset mine --mapping '{"use": "cgae"}' --n-beads 6
    --seed 2022 --output tasks/mine`
    """
    from cgbench.chem.frames import Frames
    from cgbench.config.schema import Protocol
    from cgbench.core.registry import PlugIn
    from cgbench.core.settings import parse_settings
    from cgbench.pipeline.task_store import make_tasks

    make_tasks(
        dataset,
        Frames.load(frames),
        PlugIn.from_json("mapping", read_spec(mapping)),
        n_beads,
        output,
        protocol=parse_settings(Protocol, read_json_spec(protocol, "--protocol"), "--protocol"),
        seed=seed,
        version=task_version,
        tuning=(tuning_dataset, Frames.load(tuning)) if tuning else None,
    )
