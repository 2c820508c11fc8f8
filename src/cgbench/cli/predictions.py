"""Commands for predictions that any program made."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from cgbench.cli.options import (
    DatasetLabel,
    Folds,
    FramesFile,
    MappingFile,
    MappingLabel,
    SamplesOfProtocol,
    SplitFile,
    TaskConfigs,
    of_fold,
    read_json_spec,
)

MARKS = (
    "Mean over folds ± half the 95 % interval. **Bold**: best; ≈: tied with the best. ↑ ↓: upper and lower "
    "control, not ranked. †: all samples of a frame are equal."
)

app = typer.Typer()


@app.command()
def evaluate(
    predictions: Annotated[
        str,
        typer.Argument(
            help="NPZ with `samples` [n_frames, n_samples, n_atoms, 3] in Å, PDB with several models, or a "
            "trajectory; {fold} stands for the number of the fold."
        ),
    ],
    task: Annotated[str, typer.Option(help="Task, `<dataset>-<mapping>-<number of beads>`.")],
    fold: Annotated[
        list[int] | None,
        typer.Option(
            min=0, help="Fold, from 0; repeat it. All folds if {fold} is in the path, otherwise fold 0."
        ),
    ] = None,
    card: Annotated[Path | None, typer.Option(help="Method card, in YAML or JSON (docs/submit.md).")] = None,
    topology: Annotated[
        str | None,
        typer.Option(help="Names of the atoms; those and the order of the task if not given (PDB: its own)."),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the row.")] = "predictions",
    metrics: Annotated[
        str | None,
        typer.Option(
            help="Comma-separated names; those of the first tables of the leaderboard if not given."
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Folder to keep samples, scores and tables in.")] = None,
    config: TaskConfigs = None,
) -> None:
    """Score predictions for the test frames of a task, and print their row beside finished runs.

    Files are read, and nothing in them is executed. Beads that moved are measured, not corrected.

    Example: `cgbench evaluate predictions.npz --task alanine_dipeptide-cgae-3 --fold 0 --card card.yaml`
    """
    from cgbench.config.method_card import MethodCard
    from cgbench.core.errors import InputError
    from cgbench.pipeline.evaluate import METRICS, evaluate
    from cgbench.pipeline.task import Task
    from cgbench.report.leaderboard import leaderboard, scores_as_markdown

    of_task = Task.named(task, config or ())
    if name in {*of_task.config.methods, *of_task.config.programs}:
        raise InputError(f"--name {name}: a method of the benchmark has this name; give another one")
    folds = fold or ([*range(of_task.config.protocol.folds)] if "{fold}" in predictions else [0])
    of_fold(Path(predictions), folds[0], folds)
    with TemporaryDirectory() as temporary:
        found = evaluate(
            of_task,
            predictions,
            folds,
            output or Path(temporary),
            name=name,
            card=MethodCard.load(card) if card else None,
            topology=topology,
            metrics=metrics.split(",") if metrics else METRICS,
        )
        for note in found.notes:
            typer.echo(note)
        typer.echo(f"\n{scores_as_markdown(leaderboard(found.scores, found.differences, found.runs))}")
        typer.echo(f"\n{MARKS}")


@app.command()
def read_predictions(
    entry: Annotated[str, typer.Option(help="Entry of a configuration as JSON, or @path of a JSON file.")],
    name: Annotated[str, typer.Option(help="Name of the entry.")],
    frames: FramesFile,
    split: SplitFile,
    mapping: MappingFile,
    dataset: DatasetLabel,
    mapping_name: MappingLabel,
    n_samples: SamplesOfProtocol,
    output: Annotated[Path, typer.Option(help="Directory for run.json and samples.npz.")],
    fold: Folds,
) -> None:
    """Check the predictions of an entry and store them as samples, for `cgbench score`.

    Example: `cgbench read-predictions --entry @entry.json --name mine --frames frames.npz --split fold0.json
    --mapping cgae-3.json --dataset alanine_dipeptide --mapping-name cgae --n-samples 8 --fold 0
    --output mine`
    """
    from cgbench.chem.frames import Frames
    from cgbench.config.entry import Entry
    from cgbench.config.method_card import MethodCard
    from cgbench.config.run_matrix import RunSpec
    from cgbench.core.settings import parse_settings
    from cgbench.data.entry_files import entry_file
    from cgbench.data.splits import Split
    from cgbench.mapping.base import Mapping
    from cgbench.pipeline import predictions
    from cgbench.pipeline.entry import enter

    given = parse_settings(Entry, read_json_spec(entry, "--entry"), "--entry")
    card, stored = MethodCard.load(given.card), Frames.load(frames)
    for number in fold:
        beads = Mapping.load_for(of_fold(mapping, number, fold), stored.molecule.n_atoms, frames)
        run = RunSpec(dataset, mapping_name, beads.n_beads, name, number)
        places = {key: value for key, value in vars(run).items() if key != "method"}
        tested = Split.load_for(of_fold(split, number, fold), stored, frames)
        topology = None if given.topology is None else entry_file(given, given.topology, **places)
        path = entry_file(given, given.path, **places)
        read = predictions.read_predictions(path, stored.molecule, len(tested.test), topology)
        folder = of_fold(output, number, fold)
        found = enter(read, stored, tested, beads, run, card, folder, n_samples=n_samples)
        for note in found.notes:
            typer.echo(f"fold {number}: {note}")
