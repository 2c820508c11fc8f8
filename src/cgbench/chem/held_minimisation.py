"""Minimisation of the potential energy with the beads of a mapping held in place."""

from collections.abc import Sequence

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import unit

from cgbench.chem.force_field import make_system
from cgbench.chem.molecule import Molecule
from cgbench.formats.units import ANGSTROM_PER_NM

HOLD = 1e6  # kJ/mol/nm², as stiff as bonds; a force of 100 kJ/mol/nm moves a bead by 0.001 Å


class HeldMinimisation:
    """Minimiser of one molecule, without cutoff and constraints.

    The Reference platform gives bitwise repeatable results.

    Parameters
    ----------
    force_field
        Names of files that come with OpenMM.
    matrix : [n_beads, n_atoms]
        M.

    Raises
    ------
    InputError
        If the force field does not exist or has no parameters for the molecule.
    """

    def __init__(
        self,
        molecule: Molecule,
        force_field: Sequence[str],
        matrix: NDArray[np.float64],
        platform: str = "Reference",
    ) -> None:
        system = make_system(molecule, force_field)
        self.hold = openmm.CustomCentroidBondForce(1, f"{HOLD / 2} * ((x1-x0)^2 + (y1-y0)^2 + (z1-z0)^2)")
        for name in ("x0", "y0", "z0"):
            self.hold.addPerBondParameter(name)
        for bead, weights in enumerate(matrix):
            atoms = np.flatnonzero(weights)
            self.hold.addGroup(atoms.tolist(), weights[atoms].tolist())
            self.hold.addBond([bead], [0.0, 0.0, 0.0])
        system.addForce(self.hold)
        self.context = openmm.Context(
            system,
            openmm.VerletIntegrator(0.001),  # required by OpenMM; no step is taken
            openmm.Platform.getPlatformByName(platform),
        )

    def minimise(
        self, positions: NDArray[np.float64], beads: NDArray[np.float64], steps: int
    ) -> NDArray[np.float64] | None:
        """Minimise a geometry [n_atoms, 3] (Å) with L-BFGS; beads [n_beads, 3] move by less than 0.1 Å.

        None if a coordinate or the energy is not finite.
        """
        for bead, place in enumerate(beads / ANGSTROM_PER_NM):
            self.hold.setBondParameters(bead, [bead], place.tolist())
        self.hold.updateParametersInContext(self.context)
        try:
            self.context.setPositions(positions / ANGSTROM_PER_NM)
            openmm.LocalEnergyMinimizer.minimize(self.context, maxIterations=steps)
        except openmm.OpenMMException:
            return None
        state = self.context.getState(getPositions=True)
        minimised = np.asarray(state.getPositions(asNumpy=True).value_in_unit(unit.angstrom))
        return minimised if np.isfinite(minimised).all() else None
