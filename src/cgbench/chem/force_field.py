"""OpenMM force fields: systems and potential energies of molecules."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import unit
from openmm.app import ForceField, NoCutoff
from scipy.spatial.distance import pdist

from cgbench.chem.mdtraj_topology import molecule_to_mdtraj
from cgbench.chem.molecule import Molecule
from cgbench.core.atomic_io import read_json
from cgbench.core.errors import InputError
from cgbench.formats.units import ANGSTROM_PER_NM

MAX_ITERATIONS = 50  # of L-BFGS: enough to repair bonds and contacts, too few to change the conformation
MAX_ENERGY = 1e3  # kJ/mol per atom; two atoms at one point would have an infinite energy
# Å. Atoms without repulsion, such as hydroxyl hydrogens, can approach an opposite charge without limit, and
# their energy then goes to minus infinity. No molecule has two atoms this close.
MIN_DISTANCE = 0.5


def force_field_of(card_path: Path | str) -> tuple[str, ...]:
    """Read the OpenMM force field files from the card of a dataset; none if the card names none.

    Raises
    ------
    InputError
        If the card is missing or damaged.
    """
    spec = read_json(card_path).get("spec") or {}
    return tuple(str(file) for file in spec.get("force_field", []))


def make_system(molecule: Molecule, files: Sequence[str]) -> openmm.System:
    """Build the OpenMM system of a molecule from files that come with OpenMM, without cutoff and constraints.

    Raises
    ------
    InputError
        If the force field does not exist or has no parameters for the molecule.
    """
    return create_system(molecule_to_mdtraj(molecule).to_openmm(), files)


def create_system(topology: Any, files: Sequence[str], **options: Any) -> openmm.System:
    """As :func:`make_system` for an OpenMM topology, with further options of ``ForceField.createSystem``."""
    try:
        return _read_force_field(*files).createSystem(topology, nonbondedMethod=NoCutoff, **options)
    except (ValueError, KeyError) as error:
        raise InputError(
            f"force field {', '.join(files)}: {error}; name files that come with OpenMM and have "
            "parameters for every residue"
        ) from None


@lru_cache(maxsize=4)
def _read_force_field(*files: str) -> ForceField:
    """Parse files of OpenMM, which takes longer than the energies of a small molecule."""
    return ForceField(*files)


def energies_per_atom(
    positions: NDArray[np.floating], molecule: Molecule, force_field: Sequence[str], minimised: bool = False
) -> NDArray[np.float64]:
    """Compute the energy of each geometry, as it is or after minimisation.

    There is no cutoff and no constraint. The Reference platform gives bitwise repeatable results.

    Parameters
    ----------
    positions : [n, n_atoms, 3]
        Å.
    force_field
        Names of files that come with OpenMM.
    minimised
        Whether each geometry is minimised first, in at most 50 steps of L-BFGS.

    Returns
    -------
    float [n]
        kJ/mol per atom, at most 1,000, which is also the energy of geometries with two atoms closer
        than 0.5 Å.

    Raises
    ------
    InputError
        If the force field does not exist or has no parameters for the molecule.
    """
    context = openmm.Context(
        make_system(molecule, force_field),
        openmm.VerletIntegrator(0.001),  # required by OpenMM; no step is taken
        openmm.Platform.getPlatformByName("Reference"),
    )
    energies = np.full(len(positions), np.inf)
    for number, geometry in enumerate(positions.astype(np.float64) / ANGSTROM_PER_NM):
        try:
            context.setPositions(geometry)
            if minimised:
                openmm.LocalEnergyMinimizer.minimize(context, maxIterations=MAX_ITERATIONS)
            energies[number] = _energy(context)
        except openmm.OpenMMException:
            continue  # a coordinate or an energy is not finite
    return np.minimum(np.nan_to_num(energies / molecule.n_atoms, nan=MAX_ENERGY), MAX_ENERGY)


def _energy(context: openmm.Context) -> float:
    """Potential energy, kJ/mol; infinite where two atoms are closer than MIN_DISTANCE."""
    state = context.getState(getEnergy=True, getPositions=True)
    positions = state.getPositions(asNumpy=True).value_in_unit(unit.angstrom)
    if pdist(positions).min(initial=np.inf) < MIN_DISTANCE:
        return np.inf
    return float(state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole))
