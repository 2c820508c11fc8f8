"""Base class of methods that finish the geometries of another method, with the beads held."""

from abc import abstractmethod
from typing import Any

import numpy as np
from pydantic import model_validator

from cgbench.chem.molecule import Molecule
from cgbench.core import registry
from cgbench.core.registry import NestedPlugInSettings
from cgbench.core.settings import Settings as SettingsModel
from cgbench.mapping.base import Mapping
from cgbench.methods.base import BackmappingMethod, Positions, TrainingContext, load_model


class FinishedSettings(NestedPlugInSettings):
    """The other method."""

    kind = "methods"
    of: str = "conditional_gaussian"

    @model_validator(mode="after")
    def _refuse_controls(self) -> "FinishedSettings":
        method = registry.load(self.kind, self.of)
        if method.bound or issubclass(method, FinishedMethod):
            raise ValueError(
                f"{self.of} cannot be {self.name}: MD frames need nothing, atoms placed on their beads have "
                f"no direction to move in, and others are {self.of} already; choose another method"
            )
        return self


class FinishedMethod(BackmappingMethod):
    """Another method, fitted, and its geometries finished on the CPU."""

    settings: FinishedSettings

    def __init__(self, settings: FinishedSettings, mapping: Mapping, molecule: Molecule) -> None:
        super().__init__(settings, mapping, molecule)
        self.method: BackmappingMethod = settings.inner().create(mapping, molecule)
        self.stochastic = self.method.stochastic
        # The last step distinguishes mirror images, so E(3) equivariance becomes SE(3) equivariance.
        self.equivariance = "none" if self.method.equivariance == "none" else "SE(3)"

    @classmethod
    def made_of(cls, settings: SettingsModel) -> tuple[str, ...]:
        """Return the name of the other method."""
        assert isinstance(settings, FinishedSettings)
        return (settings.inner().use,)

    @abstractmethod
    def fit_finish(self, train: Positions) -> None:
        """Learn what the last step needs from training frames [n_frames, n_atoms, 3]."""

    @abstractmethod
    def finish(self, positions: Positions, beads: Positions) -> Positions:
        """Finish geometries [n, n_atoms, 3] at beads [n, n_beads, 3]."""

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Fit the other method, unless it is trained, and the last step to frames [n_frames, n_atoms, 3]."""
        if context.trained:
            self.method = load_model(context.trained)
        else:
            self.method.fit(train, valid, context)
        self.fit_finish(train)

    def reconstruct(self, positions: Positions) -> Positions:
        """Finish the reconstructions of frames [n_frames, n_atoms, 3]."""
        return self.finish(self.method.reconstruct(positions), self.mapping.beads(positions))

    def reconstruct_draw(self, positions: Positions, seed: int) -> Positions:
        """Finish the drawn reconstructions of frames [n_frames, n_atoms, 3]."""
        return self.finish(self.method.reconstruct_draw(positions, seed), self.mapping.beads(positions))

    def sample(self, beads: Positions, n_samples: int, seed: int) -> Positions:
        """Finish samples: beads [n_frames, n_beads, 3] to [n_frames, n_samples, n_atoms, 3]."""
        n_different = n_samples if self.stochastic else 1
        drawn = self.method.sample(beads, n_different, seed)
        finished = self.finish(drawn.reshape(-1, *drawn.shape[2:]), np.repeat(beads, n_different, axis=0))
        return np.repeat(finished.reshape(drawn.shape), n_samples // n_different, axis=1)

    def state(self) -> dict[str, Any]:
        """Return the state of the other method and of the last step."""
        return {"method": self.method.state(), "finish": self.finish_state()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore the other method and the last step."""
        self.method.load_state(state["method"])
        self.load_finish_state(state["finish"])

    @abstractmethod
    def finish_state(self) -> dict[str, Any]:
        """Return what :meth:`fit_finish` learned, as a dictionary of tensors."""

    @abstractmethod
    def load_finish_state(self, state: dict[str, Any]) -> None:
        """Restore the result of :meth:`finish_state`."""
