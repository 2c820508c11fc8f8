"""Energy minimisation of samples with restraints on their beads, and what it does to the beads."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.held_minimisation import HeldMinimisation
from cgbench.chem.molecule import Molecule

MAX_STEPS = 500  # of L-BFGS
SMALL = 100  # atoms, below which the hand-over between threads costs more than the forces


class SampleMinimisation:
    """Minimise samples one after another, and note what that does to their beads.

    A sample that cannot be minimised, because its energy is not finite, stays as it is.

    Parameters
    ----------
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
        platform = "Reference" if molecule.n_atoms < SMALL else "CPU"
        self._minimisation = HeldMinimisation(molecule, force_field, matrix, platform)

    def __call__(self, samples: NDArray[np.float32], beads: NDArray[np.floating]) -> NDArray[np.float32]:
        """Minimise samples [n_frames, n_samples, n_atoms, 3] of beads [n_frames, n_beads, 3], Å."""
        result = samples.copy()
        for frame, held in enumerate(beads.astype(np.float64)):
            for sample, geometry in enumerate(samples[frame].astype(np.float64)):
                minimised = self._minimisation.minimise(geometry, held, MAX_STEPS)
                if minimised is None:
                    self.n_failed += 1
                    continue
                result[frame, sample] = minimised
                moved = np.linalg.norm(self.matrix @ minimised - held, axis=-1)
                self.n_minimised += 1
                self.sum_moved += float(moved.mean())
                self.most_moved = max(self.most_moved, float(moved.max()))
        return result

    def summary(self) -> str:
        """Say what the minimisation did to the beads."""
        text = f"minimised with {', '.join(self.force_field)} and restraints on the beads"
        if self.n_minimised:
            mean = self.sum_moved / self.n_minimised
            text += f", which moved by {mean:.3f} Å on average and {self.most_moved:.3f} Å at most"
        if self.n_failed:
            text += f"; {self.n_failed} geometries have no finite energy and are not minimised"
        return text
