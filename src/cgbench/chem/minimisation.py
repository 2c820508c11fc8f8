"""Energy minimisation of geometries with restraints on their beads."""

from collections.abc import Sequence

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import unit

from cgbench.chem.force_field import make_system
from cgbench.chem.molecule import Molecule
from cgbench.formats.stored_frames import ANGSTROM_PER_NM

# kJ/mol/nm². A force of 1,000 kJ/mol/nm, as in a close contact, moves a bead by 0.05 Å.
STIFFNESS = 2e5
MAX_ITERATIONS = 500  # of L-BFGS
SMALL = 100  # atoms, below which the hand-over between threads costs more than the forces


class Minimisation:
    """Minimise geometries one after another, and note what that does to their beads.

    There is no cutoff and no constraint. A geometry that cannot be minimised, because its energy is not
    finite, stays as it is.

    Parameters
    ----------
    molecule
        Molecule of the geometries.
    matrix : [n_beads, n_atoms]
        M.
    force_field
        Names of files that come with OpenMM.

    Raises
    ------
    InputError
        If the force field does not exist or has no parameters for the molecule.
    """

    def __init__(self, molecule: Molecule, matrix: NDArray[np.float64], force_field: Sequence[str]) -> None:
        self.matrix, self.force_field = matrix, tuple(force_field)
        self.n_minimised = self.n_failed = 0
        self.sum_moved = self.most_moved = 0.0
        system = make_system(molecule, force_field)
        energy = "0.5 * stiffness * ((x1 - x)^2 + (y1 - y)^2 + (z1 - z)^2)"
        self._restraint = openmm.CustomCentroidBondForce(1, energy)
        self._restraint.addGlobalParameter("stiffness", STIFFNESS)
        for name in "xyz":
            self._restraint.addPerBondParameter(name)
        for bead, row in enumerate(matrix):
            atoms = np.flatnonzero(row)
            self._restraint.addGroup(atoms.tolist(), row[atoms].tolist())
            self._restraint.addBond([bead], [0.0, 0.0, 0.0])
        system.addForce(self._restraint)
        self._context = openmm.Context(
            system,
            openmm.VerletIntegrator(0.001),  # required by OpenMM; no step is taken
            openmm.Platform.getPlatformByName("Reference" if molecule.n_atoms < SMALL else "CPU"),
        )

    def __call__(self, samples: NDArray[np.float32], beads: NDArray[np.floating]) -> NDArray[np.float32]:
        """Minimise samples [n_frames, n_samples, n_atoms, 3] of beads [n_frames, n_beads, 3], Å."""
        result = samples.copy()
        for frame, positions in enumerate(beads.astype(np.float64)):
            for bead, position in enumerate(positions / ANGSTROM_PER_NM):
                self._restraint.setBondParameters(bead, [bead], position.tolist())
            self._restraint.updateParametersInContext(self._context)
            for sample in range(samples.shape[1]):
                try:
                    result[frame, sample] = self._minimised(samples[frame, sample])
                except openmm.OpenMMException:
                    self.n_failed += 1  # a coordinate or an energy is not finite
                    continue
                shift = self.matrix @ result[frame, sample].astype(np.float64) - positions
                moved = np.linalg.norm(shift, axis=-1)
                self.n_minimised += 1
                self.sum_moved += float(moved.mean())
                self.most_moved = max(self.most_moved, float(moved.max()))
        return result

    def _minimised(self, geometry: NDArray[np.float32]) -> NDArray[np.float32]:
        self._context.setPositions(geometry.astype(np.float64) / ANGSTROM_PER_NM)
        openmm.LocalEnergyMinimizer.minimize(self._context, maxIterations=MAX_ITERATIONS)
        positions = self._context.getState(getPositions=True).getPositions(asNumpy=True)
        return np.asarray(positions.value_in_unit(unit.angstrom), dtype=np.float32)

    def summary(self) -> str:
        """Say what the minimisation did to the beads."""
        text = f"minimised with {', '.join(self.force_field)} and restraints on the beads"
        if self.n_minimised:
            mean = self.sum_moved / self.n_minimised
            text += f", which moved by {mean:.3f} Å on average and {self.most_moved:.3f} Å at most"
        if self.n_failed:
            text += f"; {self.n_failed} geometries have no finite energy and are not minimised"
        return text
