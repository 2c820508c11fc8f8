"""Another method, followed by the geometry refinement.

x = refine(x', X), where x' is a sample of the other method (see :mod:`cgbench.nn.refinement`). The
difference from the other method is the contribution of the refinement; the difference between two refined
methods is that of the methods.
"""

import warnings
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from cgbench.chem.molecule import Molecule
from cgbench.mapping.base import Mapping
from cgbench.methods._finished import FinishedMethod, FinishedSettings
from cgbench.methods.base import Positions, TrainingContext
from cgbench.nn.contacts import QUANTILE
from cgbench.nn.mapped_network import MIN_BEADS, mapping_matrix
from cgbench.nn.refinement import TOLERANCE, refine
from cgbench.nn.restraints import CONTACT_SPREAD, MAX_FRAMES, STIFF_TORSION, Restraints


class RefinedSettings(FinishedSettings):
    """The other method, and when its geometries are finished.

    Attributes
    ----------
    tolerance
        A geometry is finished when a step promises a smaller decrease of the loss per atom.
    steps
        Largest number of steps, in each of two rounds.
    frames
        Training frames from which samples take their targets.
    stiff_torsion
        Degrees; a torsion with a smaller standard deviation in the training frames is stiff.
    contact_quantile
        Share of the contacts of training frames that are closer than a contact of a sample should be.
    contact_spread
        Å; how far contacts may be below this distance, as the σ of a deviation.
    """

    name = "refined"
    tolerance: Annotated[float, Field(gt=0)] = TOLERANCE
    steps: Annotated[int, Field(ge=1)] = 200
    frames: Annotated[int, Field(ge=1)] = MAX_FRAMES
    stiff_torsion: Annotated[float, Field(ge=0, le=180)] = STIFF_TORSION
    contact_quantile: Annotated[float, Field(ge=0, le=1)] = QUANTILE
    contact_spread: Annotated[float, Field(gt=0)] = CONTACT_SPREAD


class Method(FinishedMethod):
    """Another method, refined."""

    Settings = RefinedSettings
    settings: RefinedSettings
    reference = "this project; distance geometry: Crippen and Havel, 1988"

    def __init__(self, settings: RefinedSettings, mapping: Mapping, molecule: Molecule) -> None:
        super().__init__(settings, mapping, molecule)
        self.restraints = Restraints(
            molecule,
            max_frames=settings.frames,
            stiff_torsion=settings.stiff_torsion,
            contact_quantile=settings.contact_quantile,
            contact_spread=settings.contact_spread,
        )
        self.matrix, self.bead_index = mapping_matrix(mapping), torch.as_tensor(mapping.bead_index)

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Fit the other method, and the restraints to the training frames [n_frames, n_atoms, 3]."""
        if self.mapping.n_beads < MIN_BEADS:
            warnings.warn(
                f"{self.name}: {self.mapping.n_beads} bead(s) define no plane, so the refinement is switched "
                f"off and the results equal those of {self.settings.of}; use {MIN_BEADS} beads or more",
                stacklevel=2,
            )
        super().fit(train, valid, context)

    def fit_finish(self, train: Positions) -> None:
        """Fit the restraints."""
        self.restraints.float().fit(torch.as_tensor(train, dtype=torch.float32))

    def finish(self, positions: Positions, beads: Positions) -> Positions:
        """Refine geometries [n, n_atoms, 3] at beads [n, n_beads, 3]."""
        x = torch.as_tensor(positions)
        with torch.inference_mode():
            refined: Tensor = refine(
                x,
                torch.as_tensor(beads).to(x),
                self.restraints.to(x.dtype),
                self.matrix.to(x),
                self.bead_index,
                self.settings.steps,
                self.settings.tolerance,
            )
        return refined.numpy()

    def finish_state(self) -> dict[str, Any]:
        """Return the restraints."""
        return {name: value.float() for name, value in self.restraints.state_dict().items()}

    def load_finish_state(self, state: dict[str, Any]) -> None:
        """Restore the restraints."""
        self.restraints.load_state_dict(state)
