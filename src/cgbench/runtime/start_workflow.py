"""The workflow, started in any folder: with that of the checkout, or the one in an installed wheel."""

import sys
from collections.abc import Sequence
from pathlib import Path

from cgbench.core.atomic_io import atomic_output
from cgbench.core.settings import project_folder

CONFIG = Path("cgbench.yaml")
_OPTIONS = ("--configfile", "--configfiles")


def snakemake_command(arguments: Sequence[str]) -> list[str]:
    """Return the command that starts Snakemake in this folder with further arguments.

    If they name no configuration, that in ``cgbench.yaml`` is given, which is written if it is missing: the
    default one with its comments, to be edited.

    Raises
    ------
    InputError
        If the folder is not writable.
    """
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(project_folder() / "Snakefile")]
    if not any(argument.partition("=")[0] in _OPTIONS for argument in arguments):
        if not CONFIG.exists():
            _write_config()
        command += ["--configfile", str(CONFIG)]
    # Outputs that a killed run left incomplete are made again.
    return [*command, "--show-failed-logs", "--rerun-incomplete", *arguments]


def _write_config() -> None:
    folder = project_folder()
    text = (folder / "config/config.yaml").read_text(encoding="utf-8")
    for here, there in (("../workflow", "workflow"), ("config/README.md", "config/README.md")):
        text = text.replace(here, str(folder / there))
    with atomic_output(CONFIG) as temporary:
        temporary.write_text(text, encoding="utf-8")
