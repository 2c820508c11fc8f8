"""Control: another method, whose geometries are brought within the bounds of the training frames.

CGVAE's last step (:mod:`cgbench.nn.refinement`) alone. What remains between CGVAE and this control of a
simple method is what its network is worth; what lies between that method and its control is what the
step is worth.
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
from cgbench.nn.refinement import PLANE, relax
from cgbench.nn.restraints import Bounds


class RelaxedSettings(NestedPlugInSettings):
    """What is relaxed, and how much.

    Attributes
    ----------
    relaxation
        Steps.
    """

    kind, name = "methods", "relaxed"
    of: str = "conditional_gaussian"
    relaxation: Annotated[int, Field(ge=1)] = 50

    @model_validator(mode="after")
    def _refuse_what_cannot_be_relaxed(self) -> "RelaxedSettings":
        if registry.load(self.kind, self.of).bound or self.of == self.name:
            raise ValueError(
                f"{self.of} cannot be relaxed: true frames need not be, atoms on one point have no direction "
                "to go, and once is enough; choose another method"
            )
        return self


class Method(BackmappingMethod):
    """Fit another method, and relax what it makes; on the CPU, whatever the other would use."""

    Settings = RelaxedSettings
    settings: RelaxedSettings
    reference = "control; distance geometry after Crippen and Havel, 1988"

    def __init__(self, settings: RelaxedSettings, mapping: Mapping, molecule: Molecule) -> None:
        super().__init__(settings, mapping, molecule)
        self.method: BackmappingMethod = settings.inner().create(mapping, molecule)
        self.bounds = Bounds(molecule)
        self.matrix, self.bead_index = torch.as_tensor(mapping.matrix), torch.as_tensor(mapping.bead_index)
        self.stochastic = self.method.stochastic
        # The bounds know left from right.
        self.equivariance = "none" if self.method.equivariance == "none" else "SE(3)"

    @classmethod
    def made_of(cls, settings: SettingsModel) -> tuple[str, ...]:
        """Name the method to begin with."""
        assert isinstance(settings, RelaxedSettings)
        return (settings.inner().use,)

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Fit the method to begin with, and take the bounds from the training frames."""
        if self.mapping.n_beads < PLANE:
            warnings.warn(
                f"{self.name}: {self.mapping.n_beads} bead(s) define no plane, so nothing is relaxed and "
                f"results are those of {self.settings.of}; use {PLANE} beads or more",
                stacklevel=2,
            )
        self.method.fit(train, valid, context)
        self.bounds.float().measure(torch.as_tensor(train, dtype=torch.float32))

    def reconstruct(self, positions: Positions) -> Positions:
        """Relax the reconstructions of frames [n_frames, n_atoms, 3]."""
        return self._relax(self.method.reconstruct(positions)[:, None], self.mapping.beads(positions))[:, 0]

    def reconstruct_draw(self, positions: Positions, seed: int) -> Positions:
        """Relax the drawn reconstructions of frames [n_frames, n_atoms, 3]."""
        drawn = self.method.reconstruct_draw(positions, seed)
        return self._relax(drawn[:, None], self.mapping.beads(positions))[:, 0]

    def sample(self, beads: Positions, n_samples: int, seed: int) -> Positions:
        """Relax samples for beads [n_frames, n_beads, 3]: [n_frames, n_samples, n_atoms, 3]."""
        n_different = n_samples if self.stochastic else 1
        relaxed = self._relax(self.method.sample(beads, n_different, seed), beads)
        return np.repeat(relaxed, n_samples // n_different, axis=1)

    def _relax(self, samples: Positions, beads: Positions) -> Positions:
        positions = torch.as_tensor(samples)
        self.bounds.to(positions.dtype)
        with torch.inference_mode():
            relaxed: Tensor = relax(
                positions.flatten(0, 1),
                torch.as_tensor(beads).to(positions).repeat_interleave(samples.shape[1], dim=0),
                self.bounds,
                self.matrix.to(positions),
                self.bead_index,
                self.settings.relaxation,
            )
        return relaxed.unflatten(0, samples.shape[:2]).numpy()

    def state(self) -> dict[str, Any]:
        """Return what the method to begin with has learned, and the bounds."""
        bounds = {name: value.float() for name, value in self.bounds.state_dict().items()}
        return {"method": self.method.state(), "bounds": bounds}

    def load_state(self, state: dict[str, Any]) -> None:
        """Set both."""
        self.method.load_state(state["method"])
        self.bounds.load_state_dict(state["bounds"])
