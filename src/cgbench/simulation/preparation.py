"""Preparation of a walker: start coordinates and equilibration up to the first frame."""

from typing import Any

import mdtraj
import numpy as np
import openmm
from openmm import unit

from cgbench.core.errors import InputError
from cgbench.simulation.dynamics import Simulator, derive_nonzero, noise_seed
from cgbench.simulation.folding import folded, melted
from cgbench.simulation.recipe import FoldedStart, TorsionStart
from cgbench.simulation.stereochemistry import check_stereochemistry

PREPARATION, FIRST_CHUNK = 0, 1  # chunk numbers, from which seeds are derived
TORSION_K = 2000.0  # kJ/mol, far above any torsional barrier of the backbone
ATTEMPTS = 10
MAX_BLOCKS = 100  # of leaves_within_ps


def prepare(simulator: Simulator, walker: int) -> openmm.State:
    """Equilibrated state (positions and velocities) from which a walker starts.

    Raises
    ------
    InputError
        If the start is not reached, an integration diverges, or the stereochemistry is wrong.
    """
    seed = noise_seed(simulator.recipe, walker, PREPARATION)
    start = simulator.recipe.start(walker)
    if isinstance(start, TorsionStart):
        positions = _with_torsions(simulator, start, seed)
    elif isinstance(start, FoldedStart):
        positions = folded(simulator, start, seed)
    else:
        positions = melted(simulator, start, seed)
    if isinstance(start, TorsionStart) and start.leaves_within_ps:
        state = _before_crossing(simulator, start, walker, positions, seed)
    else:
        state = _equilibrated(simulator, positions, seed)
    check_stereochemistry(_trajectory(state, simulator), f"{simulator.label} after its preparation")
    return state


def _with_torsions(simulator: Simulator, start: TorsionStart, seed: int) -> Any:
    """Positions after minimisation with stiff φ and ψ torsions on every residue of the sequence."""
    restraint = openmm.PeriodicTorsionForce()
    topology = simulator.pdb.topology
    residues = [{atom.name: atom.index for atom in residue.atoms()} for residue in topology.residues()]
    for before, atoms, after in zip(residues, residues[1:], residues[2:], strict=False):
        phi = before["C"], atoms["N"], atoms["CA"], atoms["C"]
        psi = atoms["N"], atoms["CA"], atoms["C"], after["N"]
        for quad, degrees in ((phi, start.phi), (psi, start.psi)):
            restraint.addTorsion(*quad, 1, np.radians(degrees + 180), TORSION_K)
    context = simulator.context(seed, restraint)
    context.setPositions(simulator.pdb.positions)
    openmm.LocalEnergyMinimizer.minimize(context)
    return context.getState(getPositions=True).getPositions(asNumpy=True)


def _equilibrated(simulator: Simulator, positions: Any, seed: int) -> openmm.State:
    """State after minimisation, random velocities and ``equilibration_ps`` without restraints."""
    recipe = simulator.recipe
    context = simulator.heated(positions, recipe.temperature_kelvin, seed)
    simulator.advance(context, recipe.steps(recipe.equilibration_ps), "equilibration")
    simulator.positions(context, "equilibration")  # checks for divergence
    return context.getState(getPositions=True, getVelocities=True)


def _before_crossing(
    simulator: Simulator, start: TorsionStart, walker: int, positions: Any, seed: int
) -> openmm.State:
    """State at most ``leaves_within_ps`` before the walker crosses φ = 0.

    All blocks of ``leaves_within_ps`` use the noise of the walker's first chunk, which therefore repeats
    the block that crosses.
    """

    def crossed(state: openmm.State) -> bool:
        phi = mdtraj.compute_phi(_trajectory(state, simulator))[1]
        return bool((phi[0, 0] > 0) != (start.phi > 0))

    for trial in (seed, *(derive_nonzero(seed, "attempt", attempt) for attempt in range(ATTEMPTS))):
        state = _equilibrated(simulator, positions, trial)
        if not crossed(state):
            break
    else:
        raise InputError(f"{simulator.label}: crossed phi = 0 in every equilibration; lower equilibration_ps")
    noise = noise_seed(simulator.recipe, walker, FIRST_CHUNK)
    steps = simulator.recipe.steps(start.leaves_within_ps or 0)
    for _ in range(MAX_BLOCKS):
        before = state
        context = simulator.context(noise)
        context.setState(before)
        simulator.advance(context, steps, "before crossing phi = 0")
        state = context.getState(getPositions=True, getVelocities=True)
        if crossed(state):
            return before
    raise InputError(
        f"{simulator.label}: did not cross phi = 0 in {MAX_BLOCKS} times leaves_within_ps "
        f"({start.leaves_within_ps} ps); raise leaves_within_ps, leave it out, or set other start angles"
    )


def _trajectory(state: openmm.State, simulator: Simulator) -> mdtraj.Trajectory:
    xyz = state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)
    return mdtraj.Trajectory(xyz[None], mdtraj.Topology.from_openmm(simulator.pdb.topology))
