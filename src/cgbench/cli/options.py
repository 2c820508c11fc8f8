"""Options that several commands share."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cgbench.core.errors import InputError

FramesFile = Annotated[Path, typer.Option("--frames", help="frames.npz written by `cgbench prepare`.")]
SplitFile = Annotated[Path, typer.Option("--split", help="`fold<k>.json` written by `cgbench split`.")]
MappingFile = Annotated[Path, typer.Option("--mapping", help="Mapping written by `cgbench map`.")]
Configs = Annotated[
    list[Path], typer.Option("--config", help="YAML file of the benchmark; repeat it to override.")
]
TaskName = Annotated[str, typer.Argument(help="Name of the task, `<dataset>-<mapping>-<number of beads>`.")]
TaskConfigs = Annotated[
    list[Path] | None,
    typer.Option(
        "--config",
        help="YAML file of the benchmark. Files are given together, the later ones changing the earlier: "
        "`--config config/config.yaml --config config/simulations.yaml --config config/test.yaml`. The first "
        "two if not given.",
    ),
]
DatasetLabel = Annotated[str, typer.Option("--dataset", help="Name of the dataset in the result tables.")]
MappingLabel = Annotated[
    str, typer.Option("--mapping-name", help="Name of the mapping in the result tables.")
]
SamplesOfProtocol = Annotated[
    int, typer.Option("--n-samples", min=1, help="Samples per test frame in the protocol.")
]
RunsTable = Annotated[Path, typer.Option("--runs", help="runs.csv written by `cgbench collect`.")]
Seed = Annotated[
    int, typer.Option(min=0, help="Seed of the benchmark; each stage derives its own seed from it.")
]
Folds = Annotated[
    list[int],
    typer.Option(
        "--fold",
        min=0,
        help="Index of the fold, from 0. Repeat it for several folds and write {fold} in paths for it.",
    ),
]
ProtocolSpec = Annotated[
    str,
    typer.Option(help="Section `protocol` of the config as JSON, or @path of a JSON file; {} for defaults."),
]
Threads = Annotated[int, typer.Option(min=1, help="CPU threads.")]
Wait = Annotated[
    bool,
    typer.Option(
        "--wait",
        envvar="CGBENCH_WAIT",
        help="Wait until another process with the same output has ended, as jobs of the workflow do, "
        "instead of refusing.",
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]


def of_fold(path: Path, fold: int, folds: list[int]) -> Path:
    """Put the number of a fold into a path.

    Raises
    ------
    InputError
        If there are several folds and the path does not say where their number belongs.
    """
    if len(folds) > 1 and "{fold}" not in str(path):
        raise InputError(
            f"{path}: --fold is given {len(folds)} times; write {{fold}} where the number belongs"
        )
    return Path(str(path).replace("{fold}", str(fold)))


def read_spec(text: str) -> str:
    """Return JSON from the command line, or from a file given as ``@path``.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{text}: cannot be read ({error}); give JSON, or @path of a JSON file") from None


def read_json_spec(text: str, option: str) -> dict[str, Any]:
    """Return the keys and values of an option that takes JSON or ``@path``.

    Raises
    ------
    InputError
        If it is not a JSON object.
    """
    try:
        values = json.loads(read_spec(text))
    except json.JSONDecodeError as error:
        raise InputError(f"{option}: not valid JSON ({error}); correct it") from None
    if not isinstance(values, dict):
        raise InputError(f"{option}: expected keys and values, found {type(values).__name__}")
    return values
