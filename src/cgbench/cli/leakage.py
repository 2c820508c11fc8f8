"""Commands of the leakage study."""

from pathlib import Path
from typing import Annotated

import typer

from cgbench.cli.options import FramesFile, ProtocolSpec, Seed, Threads, read_json_spec, read_spec

app = typer.Typer()


@app.command()
def leakage(
    frames: FramesFile,
    mapping: Annotated[
        list[Path], typer.Option(help="Mapping written by `cgbench map`; one per fold, in order.")
    ],
    method: Annotated[
        list[str], typer.Option(help='Method as JSON {"use": ..., "settings": {...}}; repeat for more.')
    ],
    output: Annotated[Path, typer.Option(help="CSV with a row per test frame of each split and fold.")],
    summary: Annotated[Path, typer.Option(help="CSV with the effect of shuffling on each quantity.")],
    seed: Seed,
    protocol: ProtocolSpec = "{}",
    threads: Threads = 1,
) -> None:
    """Train methods on leak-free and on shuffled folds, and compare scores and nearest training frames.

    Example: `cgbench leakage --frames frames.npz --mapping fold0.json --protocol '{"folds": 1}'
    --method '{"use": "nearest_frame"}' --seed 2022 --output leakage.csv --summary summary.csv`
    """
    from cgbench.chem.frames import Frames
    from cgbench.config.schema import Protocol
    from cgbench.core.atomic_io import write_csv
    from cgbench.core.registry import PlugIn
    from cgbench.core.settings import parse_settings
    from cgbench.mapping.base import Mapping
    from cgbench.pipeline.leakage import measure_leakage
    from cgbench.pipeline.leakage_table import summarise

    stored = Frames.load(frames)
    table = measure_leakage(
        stored,
        [Mapping.load_for(path, stored.molecule.n_atoms, frames) for path in mapping],
        [PlugIn.from_json("methods", read_spec(text)) for text in method],
        parse_settings(Protocol, read_json_spec(protocol, "--protocol"), "--protocol"),
        seed,
        threads=threads,
    )
    write_csv(output, table, "%.5g")
    write_csv(summary, summarise(table), "%.5g")
