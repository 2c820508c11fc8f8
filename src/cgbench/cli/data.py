"""Commands that make a task: frames, splits and mappings."""

from pathlib import Path
from typing import Annotated

import typer

from cgbench.cli.options import Folds, FramesFile, Seed, SplitFile, of_fold, read_json_spec, read_spec
from cgbench.core.wording import counted

app = typer.Typer()

ProtocolSpec = Annotated[
    str,
    typer.Option(help="Section `protocol` of the config as JSON, or @path of a JSON file; {} for defaults."),
]


@app.command()
def prepare(
    source: Annotated[
        str,
        typer.Option(
            help='Source of frames as JSON {"use": ..., "settings": {...}}, or @path of a JSON file.'
        ),
    ],
    output: Annotated[Path, typer.Option(help="Folder for frames.npz, topology.pdb and card.json.")],
) -> None:
    """Read and check trajectories, and store their frames with their provenance.

    Example: `cgbench prepare --source '{"use": "files", "settings": {"topology": "my.pdb",
    "trajectories": ["my.xtc"]}}' --output results/data/mine`
    """
    from cgbench.core.registry import PlugIn
    from cgbench.data.prepare import prepare

    prepare(PlugIn.from_json("sources", read_spec(source)), output)


@app.command()
def split(
    frames: FramesFile,
    output: Annotated[Path, typer.Option(help="JSON file for the frame indices of the parts.")],
    seed: Seed,
    fold: Folds,
    protocol: ProtocolSpec = "{}",
) -> None:
    """Choose training, validation and test frames of a fold, or of several.

    Example: `cgbench split --frames results/data/mine/frames.npz --seed 2022 --fold 0
    --protocol '{"folds": 3}' --output fold0.json`
    """
    from cgbench.chem.frames import Frames
    from cgbench.config.schema import Protocol
    from cgbench.core.settings import parse_settings
    from cgbench.data.splits import make_split

    checked = parse_settings(Protocol, read_json_spec(protocol, "--protocol"), "--protocol")
    stored = Frames.load(frames)
    for number in fold:
        make_split(stored, checked, number, seed).save(of_fold(output, number, fold))


@app.command("map")
def make_map(
    frames: FramesFile,
    split: SplitFile,
    mapping: Annotated[
        str,
        typer.Option(
            help='Mapping generator as JSON {"use": ..., "settings": {...}}, or @path of a JSON file.'
        ),
    ],
    n_beads: Annotated[int, typer.Option(min=1, help="Resolution: number of beads.")],
    output: Annotated[Path, typer.Option(help="JSON file for the bead and weight of every atom.")],
    seed: Seed,
    fold: Folds = [0],  # noqa: B006
) -> None:
    """Assign atoms to beads; a learned mapping uses only the training frames of the split.

    Example: `cgbench map --frames frames.npz --split fold0.json --mapping '{"use": "backbone"}'
    --n-beads 6 --seed 2022 --output backbone-6.json`
    """
    from dataclasses import replace

    from cgbench.chem.frames import Frames
    from cgbench.core.errors import InputError
    from cgbench.core.registry import PlugIn
    from cgbench.core.seeds import derive
    from cgbench.data.splits import Split

    stored = Frames.load(frames)
    plug_in = PlugIn.from_json("mapping", read_spec(mapping))
    generator = plug_in.create()
    for number in fold:
        parts = Split.load_for(of_fold(split, number, fold), stored, frames)
        training = stored.positions[parts.train] if generator.learned else None
        try:
            # The seed does not depend on the fold, so that random beads are the same in all folds.
            made = generator.generate(stored.molecule, n_beads, derive(seed, "mapping"), training)
            made = replace(made, task=generator.task(stored, parts))
        except InputError as error:
            raise InputError(
                f"{frames}: mapping {plug_in.name!r} with {counted(n_beads, 'bead')}, as "
                f"run.resolutions asks: {error}"
            ) from None
        made.save(of_fold(output, number, fold))


@app.command()
def task(
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

    Example: `cgbench task --frames frames.npz --dataset mine --mapping '{"use": "cgae"}' --n-beads 6
    --seed 2022 --output tasks/mine`
    """
    from cgbench.chem.frames import Frames
    from cgbench.config.schema import Protocol
    from cgbench.core.registry import PlugIn
    from cgbench.core.settings import parse_settings
    from cgbench.pipeline.task import make_tasks

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
