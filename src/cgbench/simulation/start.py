"""Where a walker starts: backbone angles, a folded or a melted chain, then equilibration."""

from typing import Any

import mdtraj
import numpy as np
import openmm
from openmm import unit

from cgbench.simulation import folding
from cgbench.simulation.dynamics import advance, frame, make_context, make_system, noise_seed
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
    seed, where = noise_seed(recipe, walker, PREPARATION), f"walker {walker}"
    start = recipe.start(walker)
    if isinstance(start, TorsionStart):
        positions = _turned(recipe, start, pdb, seed)
    elif isinstance(start, FoldedStart):
        positions = folding.folded(recipe, start, pdb, seed, threads, where)
    else:
        positions = folding.melted(recipe, start, pdb, seed, threads, where)
    state = _equilibrated(recipe, pdb.topology, positions, seed, f"{where}, equilibration", threads)
    xyz = state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)
    molecule = mdtraj.Trajectory(xyz[None], mdtraj.Topology.from_openmm(pdb.topology))
    check_stereochemistry(molecule, f"{where} after its preparation")
    return state


def _equilibrated(recipe: Recipe, topology: Any, positions: Any, seed: int, where: str, threads: int) -> Any:
    """Minimise, draw velocities, run ``equilibration_ps`` without restraints."""
    context = make_context(recipe, make_system(recipe, topology), seed, threads)
    context.setPositions(positions)
    openmm.LocalEnergyMinimizer.minimize(context)
    context.setVelocitiesToTemperature(recipe.temperature_kelvin * unit.kelvin, seed)
    advance(context, recipe.steps(recipe.equilibration_ps), where)
    frame(context, where)
    return context.getState(getPositions=True, getVelocities=True)


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
