"""Command for users of a trained model."""

from pathlib import Path
from typing import Annotated

import typer

from cgbench.core.errors import InputError
from cgbench.core.wording import counted

app = typer.Typer()


@app.command()
def backmap(
    model: Annotated[Path, typer.Argument(help="model.pt written by `cgbench train`.")],
    beads: Annotated[
        Path, typer.Option(help=".npy [n_frames, n_beads, 3] in Å, or .pdb with one atom per bead.")
    ],
    output: Annotated[
        Path, typer.Option(help=".npz for the samples, Å; the first geometry is also written as .pdb.")
    ],
    n_samples: Annotated[int, typer.Option(min=1, help="Samples per frame.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="Refuse beads unlike those of the training frames, instead of a warning."
        ),
    ] = False,
) -> None:
    """Sample all-atom geometries for coarse-grained frames.

    Example: `cgbench backmap model.pt --beads beads.npy --n-samples 10 --output atoms.npz`
    """
    from cgbench.pipeline.backmap import backmap, first_geometry_path, read_beads

    first_geometry = first_geometry_path(output)
    if beads.resolve() == first_geometry.resolve():
        raise InputError(f"{beads}: the first geometry would overwrite it; give another --output")
    positions = read_beads(beads)
    backmap(model, positions, output, n_samples=n_samples, seed=seed, strict=strict)
    n_frames, n_beads = positions.shape[:2]
    typer.echo(
        f"{counted(n_frames, 'frame')} of {counted(n_beads, 'bead')} in {beads}, "
        f"{counted(n_samples, 'sample')} of each in {output}"
    )
    typer.echo(f"the first in {first_geometry}")
