"""The command that starts the workflow."""

import os
from typing import Any

import typer
from typer.core import TyperCommand

app = typer.Typer()


class _PassedOn(TyperCommand):
    """A command that takes all arguments as they are, ``--`` included."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse only a request for help."""
        if args == ["--help"]:
            return super().parse_args(ctx, args)
        super().parse_args(ctx, [])
        ctx.args = args
        return args


@app.command(cls=_PassedOn)
def run(context: typer.Context) -> None:
    """Run the workflow in this folder. All arguments are those of Snakemake.

    Without --configfile, the configuration is cgbench.yaml. If there is no such file, the default
    configuration is written there with its comments, to be edited.

    Example: `cgbench run --cores 8`
    """
    from cgbench.runtime.start_workflow import snakemake_command

    command = snakemake_command(context.args)
    os.execv(command[0], command)
