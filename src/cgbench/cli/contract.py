"""The command that tests plug-ins from outside."""

from typing import Annotated

import typer

app = typer.Typer()


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def contract(
    context: typer.Context,
    place: Annotated[
        str,
        typer.Argument(help="Folder with methods/, mappings/ or metrics/, or name of an installed package."),
    ],
) -> None:
    """Run the contract tests on the methods, mappings and metrics of a folder or package.

    The tests are those of the plug-ins in this package, with the default settings of each plug-in. Further
    arguments are those of pytest, such as -x, or -k with the name of one plug-in.

    Example: `cgbench contract my_plugins`
    """
    from cgbench.contract.run import run_contract

    raise typer.Exit(run_contract(place, context.args))
