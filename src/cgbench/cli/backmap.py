"""Command for users of a trained model."""

import sys
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
        Path,
        typer.Option(
            help="Trajectory with one atom per bead, of any format that mdtraj reads, or .npy "
            "[n_frames, n_beads, 3] in Å."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            help=".xtc, .dcd, .pdb (all models) or .npz (`samples`, Å); the first geometry is also written "
            "as .pdb, with all bonds."
        ),
    ],
    topology: Annotated[
        Path | None,
        typer.Option(help="Names and residues of the beads, such as .gro or .pdb, if --beads has none."),
    ] = None,
    n_samples: Annotated[
        int, typer.Option(min=1, help="Samples per frame; in trajectories they follow each other.")
    ] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="Refuse beads unlike those of the training frames, instead of a warning."
        ),
    ] = False,
    minimise: Annotated[
        bool,
        typer.Option("--minimise", help="Minimise the energy with OpenMM, with restraints on the beads."),
    ] = False,
    force_field: Annotated[
        list[str] | None,
        typer.Option(
            help="OpenMM file for --minimise; may be repeated. Default: as on the dataset's card, or amber14."
        ),
    ] = None,
) -> None:
    """Sample all-atom geometries for coarse-grained frames.

    Example: `cgbench backmap model.pt --beads cg.xtc --topology cg.gro --n-samples 10 --output atoms.xtc`
    """
    from cgbench.pipeline.backmap import backmap, described, first_geometry_path
    from cgbench.pipeline.bead_source import open_beads

    inputs = [path.resolve() for path in (beads, topology, model) if path]
    for written in (output, first_geometry_path(output)):
        if written.resolve() in inputs:
            raise InputError(f"{written}: the output would overwrite it; give another --output")
    source = open_beads(beads, topology)
    notes = backmap(
        model,
        source,
        output,
        n_samples=n_samples,
        seed=seed,
        strict=strict,
        minimise=minimise,
        force_field=force_field or (),
        progress=sys.stderr.isatty(),
    )
    typer.echo(f"{described(source.frames)} in {beads}, {counted(n_samples, 'sample')} of each in {output}")
    typer.echo(f"the first in {first_geometry_path(output)}")
    for note in notes:
        typer.echo(note)
