"""The command line: all commands, and the output of warnings and input errors."""

import io
import sys
import warnings
from typing import Annotated, Any

import typer

from cgbench import __version__
from cgbench.cli import (
    backmap,
    check,
    contract,
    data,
    environment,
    figures,
    leakage,
    predictions,
    programs,
    report,
    runs,
    simulation,
    task,
    workflow,
)
from cgbench.core.errors import InputError

app = typer.Typer(
    name="cgbench",
    help="A benchmark of generative backmapping: from coarse-grained beads back to all atoms.\n\n"
    "Commands run the stages of the workflow; `snakemake all` runs them in order. Each stage is also a "
    "Python function.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
for group in (
    workflow,
    data,
    runs,
    predictions,
    programs,
    report,
    leakage,
    backmap,
    check,
    contract,
    simulation,
    environment,
):
    app.add_typer(group.app)
app.add_typer(figures.app, name="figures")
app.add_typer(task.app, name="task")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    pass


def _format_warning(message: Warning | str, *_: Any, **__: Any) -> str:
    """Leave out the line of Python that the warning is from."""
    return f"warning: {message}\n"


def main() -> None:
    """Run a command; input errors are printed without a traceback, with exit status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Å and σ are printed in any locale.
            stream.reconfigure(errors="backslashreplace")
    warnings.formatwarning = _format_warning
    try:
        app()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
