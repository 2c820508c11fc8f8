"""The command that writes the site."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def site(
    config: Annotated[list[Path], typer.Option(help="YAML file of the benchmark; repeat it to override.")],
    output: Annotated[
        Path | None,
        typer.Option(help="New folder, or one that this command made; `<results>/site` if not given."),
    ] = None,
    docs: Annotated[
        str, typer.Option(help="Address of the documentation for a link, such as ../docs/index.html.")
    ] = "",
) -> None:
    """Write the results as a site with charts and molecules, to be opened in a browser.

    The site needs neither a server nor the network. Of a benchmark that is not finished it shows what is
    there, and says what is missing; the same command refreshes it.

    Example: `cgbench site --config results/config.json --output site`
    """
    from cgbench.config.run_matrix import RunMatrix
    from cgbench.site.build import build_site

    checked = RunMatrix.load(*config)
    folder = output or Path(checked.results) / "site"
    for text in build_site(checked, folder, docs):
        typer.echo(f"missing: {text}")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    typer.echo(f"{folder / 'index.html'}: {size / 2**20:.1f} MiB")
