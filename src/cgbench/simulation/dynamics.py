"""OpenMM put together from a recipe: force field, integrator, seeds."""

from typing import Any

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import unit
from openmm.app import ForceField, HBonds, NoCutoff

from cgbench.core.errors import InputError
from cgbench.core.seeds import derive
from cgbench.simulation.recipe import Recipe

RUNAWAY = 1e4  # kJ/mol for each atom, a thousand times what 600 K can store


def noise_seed(recipe: Recipe, walker: int, chunk: int) -> int:
    """Return the positive seed of one chunk of one walker; chunk 0 is the walker's preparation."""
    return positive(derive(recipe.seed, "walker", walker, "chunk", chunk))


def positive(seed: int) -> int:
    """Return a seed OpenMM uses as it is: it reads 0 as "choose one at random"."""
    return seed or 1


def make_system(recipe: Recipe, topology: Any) -> Any:
    """Return the system: implicit solvent, no cutoff, bonds to hydrogen constrained."""
    try:
        field = ForceField(*recipe.force_field)
        mass = recipe.hydrogen_mass_amu and recipe.hydrogen_mass_amu * unit.amu
        return field.createSystem(topology, nonbondedMethod=NoCutoff, constraints=HBonds, hydrogenMass=mass)
    except ValueError as error:
        raise InputError(
            f"force_field {list(recipe.force_field)}: {error}; choose files that ship with OpenMM"
        ) from None


def make_context(recipe: Recipe, system: Any, seed: int, threads: int = 1) -> Any:
    """Return a fresh context; everything random in it follows from ``seed``."""
    integrator = openmm.LangevinMiddleIntegrator(
        recipe.temperature_kelvin * unit.kelvin,
        recipe.friction_per_ps / unit.picosecond,
        recipe.timestep_fs * unit.femtosecond,
    )
    integrator.setRandomNumberSeed(seed)
    platform = openmm.Platform.getPlatformByName(recipe.platform)
    properties = {}
    if recipe.platform == "CPU":
        properties = {"Threads": str(threads), "DeterministicForces": "true"}
    return openmm.Context(system, integrator, platform, properties)


def frame(context: Any, where: str) -> NDArray[np.float64]:
    """Return positions ``[n_atoms, 3]`` in nm.

    Raises
    ------
    InputError
        If the energy is absurd or a coordinate is not finite; ``where`` (walker and step) starts the message.
    """
    state = context.getState(getPositions=True, getEnergy=True)
    energy = state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole)
    positions = state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)
    if not (energy < RUNAWAY * len(positions) and np.isfinite(positions).all()):
        raise blown_up(where, f"potential energy {energy} kJ/mol")
    return np.asarray(positions)


def blown_up(where: str, what: str) -> InputError:
    """Return the error for an integration that diverged."""
    return InputError(
        f"{where}: {what}; the integration diverged: lower timestep_fs or raise equilibration_ps, "
        "or set another seed"
    )


def advance(context: Any, steps: int, where: str) -> None:
    """Integrate, turning OpenMM's own report of a divergence into a readable one."""
    try:
        context.getIntegrator().step(steps)
    except openmm.OpenMMException as error:
        if "NaN" not in str(error):
            raise
        raise blown_up(where, str(error)) from None
