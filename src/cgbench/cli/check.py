"""Command that checks an all-atom structure."""

from pathlib import Path
from typing import Annotated

import typer

from cgbench.core.errors import InputError

app = typer.Typer()


@app.command()
def check(
    structure: Annotated[
        Path, typer.Argument(help="Structure with all atoms, or trajectory, of any format that mdtraj reads.")
    ],
    topology: Annotated[
        Path | None, typer.Option(help="Names of the atoms, such as .pdb or .gro, if the file has none.")
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            help="Structure of the same molecule, one frame or several, with names: decides on bonds, "
            "angles, chirality, cis peptide bonds and names in place of the force field."
        ),
    ] = None,
    beads: Annotated[
        Path | None, typer.Option(help="Beads that the structure was made for, as for `cgbench backmap`.")
    ] = None,
    beads_topology: Annotated[
        Path | None, typer.Option(help="Names and residues of the beads, if --beads has none.")
    ] = None,
    mapping: Annotated[
        str | None,
        typer.Option(
            help="alpha_carbon, calpha_sidechain, residue_com, residue_cog, martini3, or the JSON file of "
            "`cgbench map`. Found by the names of the beads if not given."
        ),
    ] = None,
    selection: Annotated[
        str, typer.Option(help="Atoms to check, in mdtraj's atom selection language.")
    ] = "not water",
    output: Annotated[
        list[Path] | None, typer.Option(help="File for all results, .json or .csv; may be repeated.")
    ] = None,
) -> None:
    """Check the geometry, chemistry and names of a structure; exit status 1 if a check fails.

    Example: `cgbench check atoms.pdb --beads cg.pdb --output checks.json`
    """
    from cgbench.pipeline.checks.report import as_text, require_format, write_report
    from cgbench.pipeline.checks.run import check_structure

    inputs = [path.resolve() for path in (structure, topology, reference, beads, beads_topology) if path]
    for written in output or ():
        require_format(written)
        if written.resolve() in inputs:
            raise InputError(f"{written}: the output would overwrite it; give another --output")
    if beads is None and (beads_topology or mapping):
        raise InputError("--beads-topology and --mapping describe --beads; give --beads as well")
    report = check_structure(
        structure,
        topology=topology,
        reference=reference,
        beads=beads,
        beads_topology=beads_topology,
        mapping=mapping,
        selection=selection,
    )
    for written in output or ():
        write_report(report, written)
    typer.echo(as_text(report))
    if not report.passed:
        raise typer.Exit(1)
