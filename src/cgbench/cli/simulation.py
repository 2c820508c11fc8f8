"""Commands for simulations: build-structure, simulate, bundle."""

from pathlib import Path
from typing import Annotated

import typer

from cgbench.cli.options import Threads, Wait, read_json_spec
from cgbench.core.settings import parse_settings
from cgbench.simulation.recipe import Recipe

app = typer.Typer()

RecipeSpec = Annotated[
    str,
    typer.Option("--recipe", help="Entry of `simulations` in the config as JSON, or @path of a JSON file."),
]
Structure = Annotated[Path, typer.Option("--structure", help="PDB written by `cgbench build-structure`.")]


def _read_recipe(spec: str) -> Recipe:
    return parse_settings(Recipe, read_json_spec(spec, "--recipe"), "--recipe")


@app.command()
def build_structure(
    recipe: RecipeSpec,
    output: Annotated[Path, typer.Option(help="PDB file of the capped, extended chain with all hydrogens.")],
) -> None:
    """Build the extended all-atom structure of a capped peptide from its sequence.

    Example: `cgbench build-structure --recipe @recipe.json --output start.pdb`
    """
    from cgbench.simulation.structure import build_structure

    build_structure(_read_recipe(recipe), output)


@app.command()
def simulate(
    recipe: RecipeSpec,
    structure: Structure,
    walker: Annotated[int, typer.Option(min=0, help="Number of the walker, counted from 0.")],
    output: Annotated[Path, typer.Option(help="XTC trajectory.")],
    threads: Threads = 1,
    wait: Wait = False,
) -> None:
    """Simulate one walker. Repeat the command to resume a killed one from its last checkpoint.

    Example: `cgbench simulate --recipe @recipe.json --structure start.pdb --walker 0
    --output walker-0.xtc`
    """
    from cgbench.simulation.walker import simulate_walker

    simulate_walker(_read_recipe(recipe), walker, structure, output, threads=threads, wait=wait)


@app.command()
def bundle(
    walkers: Annotated[list[Path], typer.Argument(help="XTC trajectories in the order of the walkers.")],
    name: Annotated[str, typer.Option(help="Name of the simulation in the config.")],
    recipe: RecipeSpec,
    structure: Structure,
    output: Annotated[Path, typer.Option(help="Directory for topology.pdb, `walker-<k>.xtc` and card.json.")],
    command: Annotated[str, typer.Option(help="Command that reproduces this folder, for the card.")],
    reference: Annotated[
        Path | None, typer.Option(help="Native structure, to which the card gives the C-alpha RMSD.")
    ] = None,
) -> None:
    """Check the walkers of a simulation and write a folder with them and their provenance.

    Example: `cgbench bundle walker-0.xtc walker-1.xtc --name alanine_dipeptide
    --recipe @recipe.json --structure start.pdb --output workflow/resources/alanine_dipeptide
    --command "snakemake simulations"`
    """
    from cgbench.simulation.card import bundle

    bundle(name, _read_recipe(recipe), structure, walkers, output, command, reference)
