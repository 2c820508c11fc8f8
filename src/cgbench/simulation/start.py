"""Where a walker starts: backbone angles, a folded or a melted chain."""

from typing import Any

import numpy as np
import openmm

from cgbench.simulation.dynamics import make_context, make_system, noise_seed
from cgbench.simulation.equilibration import about_to_leave, as_trajectory, equilibrated
from cgbench.simulation.folding import folded, melted
from cgbench.simulation.recipe import FoldedStart, Recipe, TorsionStart
from cgbench.simulation.stereo import check_stereochemistry

PREPARATION = 0  # the chunk number that seeds everything before the first frame
TORSION_K = 2000.0  # kJ/mol; far above any barrier of the backbone


def prepare(recipe: Recipe, walker: int, pdb: Any, threads: int = 1) -> Any:
    """Return an equilibrated OpenMM State (positions and velocities) for one walker.

    Parameters
    ----------
    pdb
        The start structure, as ``openmm.app.PDBFile``.
    """
    seed, where, topology = noise_seed(recipe, walker, PREPARATION), f"walker {walker}", pdb.topology
    start = recipe.start(walker)
    if isinstance(start, TorsionStart):
        positions = _turned(recipe, start, pdb, seed)
    elif isinstance(start, FoldedStart):
        positions = folded(recipe, start, pdb, seed, threads, where)
    else:
        positions = melted(recipe, start, pdb, seed, threads, where)
    if isinstance(start, TorsionStart) and start.leaves_within_ps:
        state = about_to_leave(recipe, start, walker, topology, positions, seed, threads, where)
    else:
        state = equilibrated(recipe, topology, positions, seed, threads, where)
    check_stereochemistry(as_trajectory(state, topology), f"{where} after its preparation")
    return state


def _turned(recipe: Recipe, start: TorsionStart, pdb: Any, seed: int) -> Any:
    """Bring every residue of the sequence to (phi, psi) by minimising against stiff torsions."""
    system = make_system(recipe, pdb.topology)
    force = openmm.PeriodicTorsionForce()
    for atoms, degrees in _backbone(pdb.topology, start):
        force.addTorsion(*atoms, 1, np.radians(degrees + 180), TORSION_K)
    system.addForce(force)
    context = make_context(recipe, system, seed)
    context.setPositions(pdb.positions)
    openmm.LocalEnergyMinimizer.minimize(context)
    return context.getState(getPositions=True).getPositions(asNumpy=True)


def _backbone(topology: Any, start: TorsionStart) -> list[tuple[tuple[int, ...], float]]:
    atoms = [{atom.name: atom.index for atom in residue.atoms()} for residue in topology.residues()]
    torsions: list[tuple[tuple[int, ...], float]] = []
    for before, here, after in zip(atoms, atoms[1:], atoms[2:], strict=False):
        torsions.append(((before["C"], here["N"], here["CA"], here["C"]), start.phi))
        torsions.append(((here["N"], here["CA"], here["C"], after["N"]), start.psi))
    return torsions
