"""From start coordinates to the state just before the first frame."""

from typing import Any

import mdtraj
import openmm
from openmm import unit

from cgbench.core.errors import InputError
from cgbench.core.seeds import derive
from cgbench.simulation.dynamics import advance, frame, make_context, make_system, noise_seed, positive
from cgbench.simulation.recipe import Recipe, TorsionStart

FIRST_CHUNK = 1
ATTEMPTS = 10
WAITED_BLOCKS = 100


def equilibrated(recipe: Recipe, topology: Any, positions: Any, seed: int, threads: int, where: str) -> Any:
    """Minimise, draw velocities, run ``equilibration_ps`` without restraints; return the State."""
    where = f"{where}, equilibration"
    context = make_context(recipe, make_system(recipe, topology), seed, threads)
    context.setPositions(positions)
    openmm.LocalEnergyMinimizer.minimize(context)
    context.setVelocitiesToTemperature(recipe.temperature_kelvin * unit.kelvin, seed)
    advance(context, recipe.steps(recipe.equilibration_ps), where)
    frame(context, where)
    return context.getState(getPositions=True, getVelocities=True)


def about_to_leave(
    recipe: Recipe,
    start: TorsionStart,
    walker: int,
    topology: Any,
    positions: Any,
    seed: int,
    threads: int,
    where: str,
) -> Any:
    """Equilibrate in the start's basin and wait; return a State shortly before the walker leaves it.

    The blocks of ``leaves_within_ps`` tried here draw the noise of the walker's first chunk, which
    therefore repeats the block that crossed phi = 0.

    Raises
    ------
    InputError
        If no equilibration ends on the side of phi = 0 where it started, or the walker stays there.
    """

    def inside(state: Any) -> bool:
        phi = mdtraj.compute_phi(as_trajectory(state, topology))[1]
        return bool((phi[0, 0] > 0) == (start.phi > 0))

    for trial in (seed, *(positive(derive(seed, "attempt", attempt)) for attempt in range(ATTEMPTS))):
        state = equilibrated(recipe, topology, positions, trial, threads, where)
        if inside(state):
            break
    else:
        raise InputError(f"{where}: left its start in every equilibration; lower equilibration_ps")

    system, noise = make_system(recipe, topology), noise_seed(recipe, walker, FIRST_CHUNK)
    for _ in range(WAITED_BLOCKS):
        before = state
        context = make_context(recipe, system, noise, threads)
        context.setState(before)
        advance(context, recipe.steps(start.leaves_within_ps or 0), f"{where}, waiting to leave its start")
        state = context.getState(getPositions=True, getVelocities=True)
        if not inside(state):
            return before
    raise InputError(
        f"{where}: did not cross phi = 0 in {WAITED_BLOCKS} times leaves_within_ps "
        f"({start.leaves_within_ps} ps); raise leaves_within_ps, leave it out, or start elsewhere"
    )


def as_trajectory(state: Any, topology: Any) -> mdtraj.Trajectory:
    """Return a State as one mdtraj frame."""
    xyz = state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)
    return mdtraj.Trajectory(xyz[None], mdtraj.Topology.from_openmm(topology))
