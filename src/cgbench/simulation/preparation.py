"""Preparation of a walker: start coordinates and equilibration up to the first frame."""

from typing import Any

import mdtraj
import numpy as np
import openmm
from openmm import unit

from cgbench.core.errors import InputError
from cgbench.core.seeds import derive
from cgbench.simulation.dynamics import (
    advance,
    checked_positions,
    make_context,
    make_system,
    noise_seed,
    nonzero,
)
from cgbench.simulation.folding import folded, melted
from cgbench.simulation.recipe import FoldedStart, Recipe, TorsionStart
from cgbench.simulation.stereochemistry import check_stereochemistry

PREPARATION, FIRST_CHUNK = 0, 1  # chunk numbers, from which seeds are derived
TORSION_K = 2000.0  # kJ/mol, far above any torsional barrier of the backbone
ATTEMPTS = 10
MAX_BLOCKS = 100  # of leaves_within_ps


def prepare(recipe: Recipe, walker: int, pdb: Any, threads: int = 1) -> openmm.State:
    """Equilibrated state (positions and velocities) from which a walker starts.

    Parameters
    ----------
    pdb
        Structure of the extended chain, as ``openmm.app.PDBFile``.

    Raises
    ------
    InputError
        If the start is not reached, an integration diverges, or the stereochemistry is wrong.
    """
    seed, label, topology = noise_seed(recipe, walker, PREPARATION), f"walker {walker}", pdb.topology
    start = recipe.start(walker)
    if isinstance(start, TorsionStart):
        positions = _with_torsions(recipe, start, pdb, seed)
    elif isinstance(start, FoldedStart):
        positions = folded(recipe, start, pdb, seed, threads, label)
    else:
        positions = melted(recipe, start, pdb, seed, threads, label)
    if isinstance(start, TorsionStart) and start.leaves_within_ps:
        state = _before_crossing(recipe, start, walker, topology, positions, seed, threads, label)
    else:
        state = _equilibrated(recipe, topology, positions, seed, threads, label)
    check_stereochemistry(_trajectory(state, topology), f"{label} after its preparation")
    return state


def _with_torsions(recipe: Recipe, start: TorsionStart, pdb: Any, seed: int) -> Any:
    """Positions after minimisation with stiff φ and ψ torsions on every residue of the sequence."""
    force = openmm.PeriodicTorsionForce()
    residues = [{atom.name: atom.index for atom in residue.atoms()} for residue in pdb.topology.residues()]
    for before, atoms, after in zip(residues, residues[1:], residues[2:], strict=False):
        phi = before["C"], atoms["N"], atoms["CA"], atoms["C"]
        psi = atoms["N"], atoms["CA"], atoms["C"], after["N"]
        for quad, degrees in ((phi, start.phi), (psi, start.psi)):
            force.addTorsion(*quad, 1, np.radians(degrees + 180), TORSION_K)
    system = make_system(recipe, pdb.topology)
    system.addForce(force)
    context = make_context(recipe, system, seed)
    context.setPositions(pdb.positions)
    openmm.LocalEnergyMinimizer.minimize(context)
    return context.getState(getPositions=True).getPositions(asNumpy=True)


def _equilibrated(
    recipe: Recipe, topology: Any, positions: Any, seed: int, threads: int, label: str
) -> openmm.State:
    """State after minimisation, random velocities and ``equilibration_ps`` without restraints."""
    label = f"{label}, equilibration"
    context = make_context(recipe, make_system(recipe, topology), seed, threads)
    context.setPositions(positions)
    openmm.LocalEnergyMinimizer.minimize(context)
    context.setVelocitiesToTemperature(recipe.temperature_kelvin * unit.kelvin, seed)
    advance(context, recipe.steps(recipe.equilibration_ps), label)
    checked_positions(context, label)
    return context.getState(getPositions=True, getVelocities=True)


def _before_crossing(
    recipe: Recipe,
    start: TorsionStart,
    walker: int,
    topology: Any,
    positions: Any,
    seed: int,
    threads: int,
    label: str,
) -> openmm.State:
    """State at most ``leaves_within_ps`` before the walker crosses φ = 0.

    All blocks of ``leaves_within_ps`` use the noise of the walker's first chunk, which therefore repeats
    the block that crosses.
    """

    def crossed(state: openmm.State) -> bool:
        phi = mdtraj.compute_phi(_trajectory(state, topology))[1]
        return bool((phi[0, 0] > 0) != (start.phi > 0))

    for trial in (seed, *(nonzero(derive(seed, "attempt", attempt)) for attempt in range(ATTEMPTS))):
        state = _equilibrated(recipe, topology, positions, trial, threads, label)
        if not crossed(state):
            break
    else:
        raise InputError(f"{label}: crossed phi = 0 in every equilibration; lower equilibration_ps")

    system, noise = make_system(recipe, topology), noise_seed(recipe, walker, FIRST_CHUNK)
    for _ in range(MAX_BLOCKS):
        before = state
        context = make_context(recipe, system, noise, threads)
        context.setState(before)
        advance(context, recipe.steps(start.leaves_within_ps or 0), f"{label}, before crossing phi = 0")
        state = context.getState(getPositions=True, getVelocities=True)
        if crossed(state):
            return before
    raise InputError(
        f"{label}: did not cross phi = 0 in {MAX_BLOCKS} times leaves_within_ps "
        f"({start.leaves_within_ps} ps); raise leaves_within_ps, leave it out, or set other start angles"
    )


def _trajectory(state: openmm.State, topology: Any) -> mdtraj.Trajectory:
    xyz = state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)
    return mdtraj.Trajectory(xyz[None], mdtraj.Topology.from_openmm(topology))
