"""Commands that make a task: downloads, frames, splits and mappings."""

from pathlib import Path
from typing import Annotated

import typer

from cgbench.cli.options import (
    Folds,
    FramesFile,
    ProtocolSpec,
    Seed,
    SplitFile,
    of_fold,
    read_json_spec,
    read_spec,
)
from cgbench.core.wording import counted

app = typer.Typer()


@app.command()
def fetch(
    source: Annotated[
        str,
        typer.Option(help='Source as JSON {"use": "download", "settings": {...}}, or @path of a JSON file.'),
    ],
) -> None:
    """Download the files of a dataset into the cache; an interrupted download is resumed.

    Files are compared with their published size and checksum. Prints the path of the manifest.

    Example: `cgbench fetch --source @alanine_dipeptide_explicit.json`
    """
    from cgbench.core.errors import InputError
    from cgbench.core.registry import PlugIn
    from cgbench.data.download.dataset import fetch
    from cgbench.data.sources.download import DownloadSettings

    settings = PlugIn.from_json("sources", read_spec(source)).settings
    if not isinstance(settings, DownloadSettings):
        raise InputError('--source: only a source with "use": "download" can be fetched; correct "use"')
    typer.echo(fetch(settings))


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
    # Most other jobs depend on this one.
    stored = Frames.load(frames, verify=True)
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
    from cgbench.chem.frames import Frames
    from cgbench.core.errors import InputError
    from cgbench.core.registry import PlugIn
    from cgbench.data.splits import Split

    stored = Frames.load(frames)
    plug_in = PlugIn.from_json("mapping", read_spec(mapping))
    generator = plug_in.create()
    for number in fold:
        parts = Split.load_for(of_fold(split, number, fold), stored, frames)
        try:
            made = generator.of_fold(stored, parts, n_beads, seed)
        except InputError as error:
            raise InputError(
                f"{frames}: mapping {plug_in.name!r} with {counted(n_beads, 'bead')}, as "
                f"run.resolutions asks: {error}"
            ) from None
        made.save(of_fold(output, number, fold))
