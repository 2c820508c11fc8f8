"""Potential energies of geometries in an OpenMM force field, as they are and after a short minimisation."""

from collections.abc import Sequence

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import unit
from scipy.spatial.distance import pdist

from cgbench.chem.force_field import make_system
from cgbench.chem.molecule import Molecule
from cgbench.chem.trajectory_io import ANGSTROM_PER_NM

STEPS = 50  # of L-BFGS at most: bonds and contacts are repaired, the conformation stays
WORST = 1e3  # kJ/mol per atom, to which energies are cut: two atoms on one point have no bound
# Å; no two atoms of a molecule come as close. Charges do in a force field where no repulsion keeps them
# apart, as that of a hydroxyl hydrogen does not: the deeper they fall into each other, the lower the energy.
FUSED = 0.5


def energies_per_atom(
    positions: NDArray[np.floating], molecule: Molecule, force_field: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute the energy of each geometry, before and after minimising it.

    No cutoff and no constraints; where two atoms have fallen into each other, the energy is the worst. On
    the Reference platform, which is repeatable to the last bit.

    Parameters
    ----------
    positions : [n, n_atoms, 3]
        Å.
    force_field
        Files that come with OpenMM.

    Returns
    -------
    raw, minimised : float [n]
        kJ/mol per atom, at most 1,000.

    Raises
    ------
    InputError
        If there is no such force field, or it does not know the molecule.
    """
    context = _context(molecule, force_field)
    raw, minimised = np.full((2, len(positions)), np.inf)
    for number, geometry in enumerate(positions.astype(np.float64) / ANGSTROM_PER_NM):
        try:
            context.setPositions(geometry)
            raw[number] = _energy(context)
            openmm.LocalEnergyMinimizer.minimize(context, maxIterations=STEPS)
            minimised[number] = _energy(context)
        except openmm.OpenMMException:
            continue  # not finite: as bad as can be
    return _bounded(raw, molecule), _bounded(minimised, molecule)


def _context(molecule: Molecule, force_field: Sequence[str]) -> openmm.Context:
    system = make_system(molecule, force_field)
    platform = openmm.Platform.getPlatformByName("Reference")
    # The step is never taken: only energies are asked for.
    return openmm.Context(system, openmm.VerletIntegrator(0.001 * unit.picosecond), platform)


def _energy(context: openmm.Context) -> float:
    """Potential energy, kJ/mol; infinity where atoms are fused."""
    state = context.getState(getEnergy=True, getPositions=True)
    if pdist(state.getPositions(asNumpy=True).value_in_unit(unit.angstrom)).min(initial=np.inf) < FUSED:
        return np.inf
    return float(state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole))


def _bounded(energies: NDArray[np.float64], molecule: Molecule) -> NDArray[np.float64]:
    return np.minimum(np.nan_to_num(energies / molecule.n_atoms, nan=WORST), WORST)
