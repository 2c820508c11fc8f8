"""OpenMM contexts of a recipe, and integration with checks for divergence."""

from dataclasses import dataclass
from functools import cached_property
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


def derive_nonzero(seed: int, *labels: str | int) -> int:
    """Derive a seed for OpenMM, which would replace a seed of 0 by a random one."""
    return derive(seed, *labels) or 1


def noise_seed(recipe: Recipe, walker: int, chunk: int) -> int:
    """Seed of one chunk of a walker; chunk 0 is its preparation."""
    return derive_nonzero(recipe.seed, "walker", walker, "chunk", chunk)


@dataclass(frozen=True)
class Simulator:
    """OpenMM contexts of one recipe and structure.

    Attributes
    ----------
    pdb
        Structure of the extended chain, as ``openmm.app.PDBFile``.
    label
        Beginning of error messages, such as ``"walker 0"``.
    """

    recipe: Recipe
    pdb: Any
    threads: int
    label: str

    @cached_property
    def system(self) -> openmm.System:
        """System with implicit solvent, no cutoff, and constrained bonds to hydrogen."""
        return self._make_system()

    def context(self, seed: int, restraint: openmm.Force | None = None) -> openmm.Context:
        """Create a context with a Langevin integrator, in which all random numbers follow from ``seed``.

        Raises
        ------
        InputError
            If the force field does not exist or has no parameters for the molecule.
        """
        recipe = self.recipe
        if restraint is None:
            system = self.system
        else:
            system = self._make_system()
            system.addForce(restraint)
        integrator = openmm.LangevinMiddleIntegrator(
            recipe.temperature_kelvin * unit.kelvin,
            recipe.friction_per_ps / unit.picosecond,
            recipe.timestep_fs * unit.femtosecond,
        )
        integrator.setRandomNumberSeed(seed)
        platform = openmm.Platform.getPlatformByName(recipe.platform)
        on_cpu = recipe.platform == "CPU"
        properties = {"Threads": str(self.threads), "DeterministicForces": "true"} if on_cpu else {}
        return openmm.Context(system, integrator, platform, properties)

    def heated(self, positions: Any, kelvin: float, seed: int, restraint: Any = None) -> openmm.Context:
        """Create a context with minimised positions and random velocities at a temperature."""
        context = self.context(seed, restraint)
        context.setPositions(positions)
        openmm.LocalEnergyMinimizer.minimize(context)
        context.getIntegrator().setTemperature(kelvin * unit.kelvin)
        context.setVelocitiesToTemperature(kelvin * unit.kelvin, seed)
        return context

    def advance(self, context: openmm.Context, steps: int, stage: str) -> None:
        """Integrate a number of steps.

        Raises
        ------
        InputError
            If the integration diverges; the message names ``stage``.
        """
        try:
            context.getIntegrator().step(steps)
        except openmm.OpenMMException as error:
            if "NaN" not in str(error):
                raise
            raise self._divergence(stage, str(error)) from None

    def positions(self, context: openmm.Context, stage: str) -> NDArray[np.float64]:
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
            raise self._divergence(stage, f"potential energy {energy} kJ/mol")
        return np.asarray(positions)

    def _make_system(self) -> openmm.System:
        mass = self.recipe.hydrogen_mass_amu and self.recipe.hydrogen_mass_amu * unit.amu
        options = {"constraints": HBonds, "hydrogenMass": mass}
        return create_system(self.pdb.topology, self.recipe.force_field, **options)

    def _divergence(self, stage: str, reason: str) -> InputError:
        return InputError(
            f"{self.label}, {stage}: {reason}; the integration diverged: lower timestep_fs, raise "
            "equilibration_ps, or set another seed"
        )
