"""Commands about the installation and the configuration."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cgbench.core.wording import counted

app = typer.Typer()


@app.command()
def info(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of YAML.")] = False,
) -> None:
    """Print what a bug report needs: versions, git revision, machine, devices, free disk space.

    Example: `cgbench info --json`
    """
    import yaml

    from cgbench.runtime.system_info import diagnosis

    report = diagnosis()
    if as_json:
        typer.echo(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        typer.echo(yaml.safe_dump(report, sort_keys=False, allow_unicode=True).rstrip())


@app.command()
def check_config(
    files: Annotated[list[Path], typer.Argument(help="YAML files; later ones override earlier ones.")],
) -> None:
    """Check a configuration without running anything; print the number of runs, and settings `auto`.

    Settings `auto` follow from the frames, which are those that are prepared or bundled.

    Example: `cgbench check-config config/config.yaml config/simulations.yaml config/test.yaml`
    """
    from cgbench.config.loader import Config
    from cgbench.pipeline.automatic_settings import automatic_settings

    config = Config.load(*files)
    run, specs = config.run, list(config.run_specs())
    tasks = {(spec.dataset, spec.mapping, spec.n_beads) for spec in specs}
    typer.echo(
        f"ok: {counted(len(specs), 'run')}: {counted(len(run.methods), 'method')}, "
        + (f"{counted(len(config.entries), 'entry', 'entries')}, " if config.entries else "")
        + f"{counted(len(tasks), 'task')} ({counted(len(run.datasets), 'dataset')}, "
        f"{counted(len(run.mappings), 'mapping')}), {counted(config.protocol.folds, 'fold')}; "
        f"results in {config.results}"
    )
    for line in automatic_settings(config):
        typer.echo(line)


@app.command()
def schema() -> None:
    """Print the JSON schema of the configuration, with which an editor checks and completes config files.

    Example: `cgbench schema > workflow/schemas/config.schema.json`
    """
    from cgbench.config.json_schema import json_schema

    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
