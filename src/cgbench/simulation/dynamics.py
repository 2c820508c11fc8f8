"""OpenMM systems and contexts of a recipe, and integration with checks for divergence."""

from typing import Any

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import unit
from openmm.app import HBonds

from cgbench.chem.force_field import create_system
from cgbench.core.errors import InputError
from cgbench.core.seeds import derive
from cgbench.simulation.recipe import Recipe

MAX_ENERGY = 1e4  # kJ/mol per atom, a thousand times the thermal energy at 600 K


def noise_seed(recipe: Recipe, walker: int, chunk: int) -> int:
    """Seed of one chunk of a walker; chunk 0 is its preparation."""
    return nonzero(derive(recipe.seed, "walker", walker, "chunk", chunk))


def nonzero(seed: int) -> int:
    """Replace a seed of 0, for which OpenMM would draw a random one."""
    return seed or 1


def make_system(recipe: Recipe, topology: Any) -> openmm.System:
    """Build the system: implicit solvent, no cutoff, constrained bonds to hydrogen.

    Raises
    ------
    InputError
        If the force field does not exist or has no parameters for the molecule.
    """
    mass = recipe.hydrogen_mass_amu and recipe.hydrogen_mass_amu * unit.amu
    return create_system(topology, recipe.force_field, constraints=HBonds, hydrogenMass=mass)


def make_context(recipe: Recipe, system: openmm.System, seed: int, threads: int = 1) -> openmm.Context:
    """Create a context with a Langevin integrator, in which all random numbers follow from ``seed``."""
    integrator = openmm.LangevinMiddleIntegrator(
        recipe.temperature_kelvin * unit.kelvin,
        recipe.friction_per_ps / unit.picosecond,
        recipe.timestep_fs * unit.femtosecond,
    )
    integrator.setRandomNumberSeed(seed)
    platform = openmm.Platform.getPlatformByName(recipe.platform)
    on_cpu = recipe.platform == "CPU"
    properties = {"Threads": str(threads), "DeterministicForces": "true"} if on_cpu else {}
    return openmm.Context(system, integrator, platform, properties)


def advance(context: openmm.Context, steps: int, label: str) -> None:
    """Integrate a number of steps.

    Raises
    ------
    InputError
        If the integration diverges; the message begins with ``label`` (walker and stage).
    """
    try:
        context.getIntegrator().step(steps)
    except openmm.OpenMMException as error:
        if "NaN" not in str(error):
            raise
        raise _divergence(label, str(error)) from None


def checked_positions(context: openmm.Context, label: str) -> NDArray[np.float64]:
    """Positions [n_atoms, 3], nm.

    Raises
    ------
    InputError
        If a coordinate is not finite, or the energy is above 10,000 kJ/mol per atom.
    """
    state = context.getState(getPositions=True, getEnergy=True)
    energy = state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole)
    positions = state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)
    if not (energy < MAX_ENERGY * len(positions) and np.isfinite(positions).all()):
        raise _divergence(label, f"potential energy {energy} kJ/mol")
    return np.asarray(positions)


def _divergence(label: str, reason: str) -> InputError:
    return InputError(
        f"{label}: {reason}; the integration diverged: lower timestep_fs, raise equilibration_ps, "
        "or set another seed"
    )
