"""MLP baseline: bead coordinates to atom coordinates, as they stand in space (arXiv 2201.12176, appendix).

It is not equivariant: it has to learn every orientation from the frames, which is what it is there
to show. Translations are taken out, because trajectories drift.
"""

from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from cgbench.mapping.base import Mapping
from cgbench.methods.base import DeterministicMethod, FitContext, Positions
from cgbench.molecule import Molecule
from cgbench.nn.training import Terms, TrainingSettings, train_network


class MLPSettings(TrainingSettings):
    """Settings of the MLP baseline.

    Attributes
    ----------
    width
        Hidden units as a multiple of the 3 n_atoms outputs.
    depth
        Hidden layers after the first.
    """

    width: Annotated[int, Field(ge=1)] = 2
    depth: Annotated[int, Field(ge=0)] = 1


class Method(DeterministicMethod):
    """Fully connected network from 3 n_beads to 3 n_atoms numbers."""

    Settings = MLPSettings
    equivariance = "none"
    reference = "Wang et al., ICML 2022, arXiv 2201.12176"
    settings: MLPSettings

    def __init__(self, settings: MLPSettings, mapping: Mapping, molecule: Molecule) -> None:
        super().__init__(settings, mapping, molecule)
        self.network = self._network()

    def _network(self) -> nn.Sequential:
        hidden = self.settings.width * 3 * self.mapping.n_atoms
        layers: list[nn.Module] = [nn.Linear(3 * self.mapping.n_beads, hidden), nn.SiLU()]
        for _ in range(self.settings.depth):
            layers += [nn.Linear(hidden, hidden), nn.SiLU()]
        return nn.Sequential(*layers, nn.Linear(hidden, 3 * self.mapping.n_atoms))

    def fit(self, train: Positions, valid: Positions, context: FitContext) -> None:
        """Minimise the mean squared coordinate error; stop on the validation frames."""
        torch.manual_seed(context.seed)
        self.network = self._network()
        matrix = torch.as_tensor(self.mapping.matrix, dtype=torch.float32, device=context.device)

        def loss(positions: Tensor, progress: float, generator: torch.Generator) -> Terms:
            beads = matrix @ positions
            recon = (self._backmap(beads) - positions).square().mean()
            return {"loss": recon}

        train_network(self.network, loss, train, valid, self.settings, context)
        self.network.cpu()

    def backmap(self, beads: Positions) -> Positions:
        """Map beads [n_frames, n_beads, 3] to atoms [n_frames, n_atoms, 3]."""
        tensor = torch.as_tensor(beads)
        self.network.to(tensor.dtype)
        with torch.inference_mode():
            return np.asarray(self._backmap(tensor).numpy())

    def _backmap(self, beads: Tensor) -> Tensor:
        centre = beads.mean(1, keepdim=True)
        return self.network((beads - centre).flatten(1)).unflatten(1, (-1, 3)) + centre

    def state(self) -> dict[str, Any]:
        """Weights of the network."""
        return {name: value.float() for name, value in self.network.state_dict().items()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Set the weights."""
        self.network.load_state_dict(state)
