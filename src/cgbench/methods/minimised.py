"""Control: another method, followed by a short minimisation in the force field with the beads held.

This is what is usually done after backmapping. It needs the force field, which the refinement
(:mod:`cgbench.methods.refined`) does not, and its energies are those of a minimum: bond lengths and angles
have no thermal spread.
"""

from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field

from cgbench.chem.superposition import rotations
from cgbench.methods._finished import FinishedMethod, FinishedSettings
from cgbench.methods.base import Positions

# Geometries are rounded to so many decimals of Å in a frame that turns with them. Minimisation amplifies
# rounding errors, so results for rotated beads would otherwise differ.
DECIMALS = 6


class MinimisedSettings(FinishedSettings):
    """The other method, the force field, and the length of the minimisation.

    Attributes
    ----------
    force_field
        Files of the force field that come with OpenMM; those on the card of the dataset.
    steps
        Largest number of L-BFGS steps.
    """

    name = "minimised"
    force_field: tuple[str, ...] = ("amber99sbildn.xml", "amber99_obc.xml")
    steps: Annotated[int, Field(ge=1)] = 100


class Method(FinishedMethod):
    """Another method, minimised."""

    Settings = MinimisedSettings
    settings: MinimisedSettings
    reference = "control; OpenMM (P. Eastman et al., PLoS Comput. Biol. 13, e1005659, 2017)"

    template: Positions  # [n_atoms, 3], Å; defines the orientation in which geometries are minimised

    def fit_finish(self, train: Positions) -> None:
        """Store a training frame."""
        self.template = train[0].astype(np.float64)

    def finish(self, positions: Positions, beads: Positions) -> Positions:
        """Minimise geometries [n, n_atoms, 3] at beads [n, n_beads, 3]."""
        from cgbench.chem.held_minimisation import HeldMinimisation  # loads OpenMM

        minimisation = HeldMinimisation(self.molecule, self.settings.force_field, self.mapping.matrix)
        atoms, fixed = positions.astype(np.float64), beads.astype(np.float64)
        centre = fixed.mean(axis=1, keepdims=True)
        equal = np.full(self.molecule.n_atoms, 1 / self.molecule.n_atoms)
        turn = rotations(
            atoms - centre, self.template - self.template.mean(axis=0), equal, np.random.default_rng(0)
        )
        back = np.swapaxes(turn, -1, -2)
        turned = [np.round((each - centre) @ back, DECIMALS) for each in (atoms, fixed)]
        minimised = np.zeros_like(atoms)
        for number, (x, X) in enumerate(zip(*turned, strict=True)):
            found = minimisation.minimise(x, X, self.settings.steps)
            minimised[number] = x if found is None else found
        return self.mapping.project(minimised @ turn + centre, fixed).astype(positions.dtype)

    def finish_state(self) -> dict[str, Any]:
        """Return the stored frame."""
        return {"template": torch.as_tensor(self.template)}

    def load_finish_state(self, state: dict[str, Any]) -> None:
        """Restore the stored frame."""
        self.template = state["template"].numpy()
