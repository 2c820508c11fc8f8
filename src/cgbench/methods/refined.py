"""Refinement control: another method followed by the geometry refinement of CGVAE.

x = refine(x', X), where x' is a sample of the other method (see :mod:`cgbench.nn.refinement`, distance
geometry after Crippen and Havel, 1988). The difference between CGVAE and this control is the contribution of
the network; the difference between this control and the other method is the contribution of the refinement.
"""

import warnings
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor

from cgbench.chem.molecule import Molecule
from cgbench.core import registry
from cgbench.core.registry import NestedPlugInSettings
from cgbench.core.settings import Settings as SettingsModel
from cgbench.mapping.base import Mapping
from cgbench.methods.base import BackmappingMethod, Positions, TrainingContext
from cgbench.nn.refinement import MIN_BEADS, refine
from cgbench.nn.restraints import Restraints


class RefinedSettings(NestedPlugInSettings):
    """The other method and the number of refinement steps.

    Attributes
    ----------
    steps
        Refinement steps.
    """

    kind, name = "methods", "refined"
    of: str = "conditional_gaussian"
    steps: Annotated[int, Field(ge=1)] = 50

    @model_validator(mode="after")
    def _refuse_controls(self) -> "RefinedSettings":
        if registry.load(self.kind, self.of).bound or self.of == self.name:
            raise ValueError(
                f"{self.of} cannot be refined: MD frames need no refinement, atoms placed on their beads "
                "have no direction to move in, and refined is refined already; choose another method"
            )
        return self


class Method(BackmappingMethod):
    """Another method, fitted and then refined on the CPU."""

    Settings = RefinedSettings
    settings: RefinedSettings
    reference = "control; distance geometry after Crippen and Havel, 1988"

    def __init__(self, settings: RefinedSettings, mapping: Mapping, molecule: Molecule) -> None:
        super().__init__(settings, mapping, molecule)
        self.method: BackmappingMethod = settings.inner().create(mapping, molecule)
        self.restraints = Restraints(molecule)
        self.matrix, self.bead_index = torch.as_tensor(mapping.matrix), torch.as_tensor(mapping.bead_index)
        self.stochastic = self.method.stochastic
        # The volume restraints are chiral, so E(3) equivariance becomes SE(3) equivariance.
        self.equivariance = "none" if self.method.equivariance == "none" else "SE(3)"

    @classmethod
    def made_of(cls, settings: SettingsModel) -> tuple[str, ...]:
        """Return the name of the other method."""
        assert isinstance(settings, RefinedSettings)
        return (settings.inner().use,)

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Fit the other method, and the restraints to the training frames [n_frames, n_atoms, 3]."""
        if self.mapping.n_beads < MIN_BEADS:
            warnings.warn(
                f"{self.name}: {self.mapping.n_beads} bead(s) define no plane, so the refinement is switched "
                f"off and the results equal those of {self.settings.of}; use {MIN_BEADS} beads or more",
                stacklevel=2,
            )
        self.method.fit(train, valid, context)
        self.restraints.float().fit(torch.as_tensor(train, dtype=torch.float32))

    def reconstruct(self, positions: Positions) -> Positions:
        """Refine the reconstructions of frames [n_frames, n_atoms, 3]."""
        return self._refine(self.method.reconstruct(positions)[:, None], self.mapping.beads(positions))[:, 0]

    def reconstruct_draw(self, positions: Positions, seed: int) -> Positions:
        """Refine the drawn reconstructions of frames [n_frames, n_atoms, 3]."""
        drawn = self.method.reconstruct_draw(positions, seed)
        return self._refine(drawn[:, None], self.mapping.beads(positions))[:, 0]

    def sample(self, beads: Positions, n_samples: int, seed: int) -> Positions:
        """Refine samples: beads [n_frames, n_beads, 3] to [n_frames, n_samples, n_atoms, 3]."""
        n_different = n_samples if self.stochastic else 1
        refined = self._refine(self.method.sample(beads, n_different, seed), beads)
        return np.repeat(refined, n_samples // n_different, axis=1)

    def _refine(self, samples: Positions, beads: Positions) -> Positions:
        positions = torch.as_tensor(samples)
        self.restraints.to(positions.dtype)
        with torch.inference_mode():
            refined: Tensor = refine(
                positions.flatten(0, 1),
                torch.as_tensor(beads).to(positions).repeat_interleave(samples.shape[1], dim=0),
                self.restraints,
                self.matrix.to(positions),
                self.bead_index,
                self.settings.steps,
            )
        return refined.unflatten(0, samples.shape[:2]).numpy()

    def state(self) -> dict[str, Any]:
        """Return the state of the other method and the restraints."""
        restraints = {name: value.float() for name, value in self.restraints.state_dict().items()}
        return {"method": self.method.state(), "bounds": restraints}

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore the other method and the restraints."""
        self.method.load_state(state["method"])
        self.restraints.load_state_dict(state["bounds"])
