"""Verbs about the installation and the configuration."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def info() -> None:
    """Print versions, device, threads and revision as JSON: what a bug report needs."""
    import torch

    from cgbench import plugins, provenance, runtime

    device = runtime.choose_device("auto")
    facts = {
        "versions": provenance.versions(),
        "git": provenance.git_revision(),
        "machine": provenance.machine(),
        "device": runtime.device_name(device),
        "torch_threads": torch.get_num_threads(),
        "plug_ins": {room: plugins.names(room) for room in plugins.CLASS_NAMES},
    }
    typer.echo(json.dumps(facts, indent=2, ensure_ascii=False))


@app.command()
def check_config(
    files: Annotated[list[Path], typer.Argument(help="YAML files; later ones override earlier ones.")],
) -> None:
    """Check a configuration without running anything, and say how much it asks for.

    Example: `cgbench check-config config/config.yaml config/simulations.yaml config/test.yaml`
    """
    from cgbench.config import Config

    config = Config.load(*files)
    run = config.run
    typer.echo(
        f"ok: {len(list(config.cells()))} runs: {len(run.methods)} methods, {len(run.datasets)} datasets, "
        f"{len(run.mappings)} mappings, {config.protocol.folds} folds; results in {config.results}"
    )
