"""The command that downloads a dataset."""

from typing import Annotated

import typer

from cgbench.cli.options import read_spec

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
