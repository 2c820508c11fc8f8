"""Equivariant MLP baseline: distances of the nearest beads to coefficients of their vectors.

After arXiv 2201.12176 (appendix): a network maps the distances from every bead to its k nearest
other beads to one coefficient per atom and difference vector. Distances are invariant and the
vectors turn with the beads, so the result is E(3) equivariant; like the linear baselines it cannot
leave the plane of three beads.
"""

from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from cgbench.mapping.base import Mapping
from cgbench.methods.base import DeterministicMethod, FitContext, Positions
from cgbench.molecule import Molecule
from cgbench.nearest import nearest_bead_vectors
from cgbench.nn.training import Terms, TrainingSettings, train_network


class EquivariantMLPSettings(TrainingSettings):
    """Settings of the equivariant MLP baseline.

    Attributes
    ----------
    width
        Hidden units.
    depth
        Hidden layers after the first.
    neighbours
        k; null takes all other beads.
    """

    width: Annotated[int, Field(ge=1)] = 128
    depth: Annotated[int, Field(ge=0)] = 1
    neighbours: Annotated[int, Field(ge=1)] | None = 3


class Method(DeterministicMethod):
    """x_i = X_I(i) + Σ_v c_iv(distances) v over the difference vectors v of the bead I(i)."""

    Settings = EquivariantMLPSettings
    equivariance = "E(3)"
    reference = "Wang et al., ICML 2022, arXiv 2201.12176"
    settings: EquivariantMLPSettings

    def __init__(self, settings: EquivariantMLPSettings, mapping: Mapping, molecule: Molecule) -> None:
        super().__init__(settings, mapping, molecule)
        n_others = mapping.n_beads - 1
        self.n_neighbours = n_others if settings.neighbours is None else min(settings.neighbours, n_others)
        self.network = self._network()

    def _network(self) -> nn.Sequential:
        width, n_distances = self.settings.width, self.mapping.n_beads * self.n_neighbours
        layers: list[nn.Module] = [nn.Linear(n_distances, width), nn.SiLU()]
        for _ in range(self.settings.depth):
            layers += [nn.Linear(width, width), nn.SiLU()]
        return nn.Sequential(*layers, nn.Linear(width, self.mapping.n_atoms * self.n_neighbours))

    def fit(self, train: Positions, valid: Positions, context: FitContext) -> None:
        """Minimise the mean squared coordinate error; stop on the validation frames."""
        torch.manual_seed(context.seed)
        self.network = self._network()

        def loss(positions: Tensor, progress: float, generator: torch.Generator) -> Terms:
            # numpy ranks the neighbours; nothing upstream of the network needs a gradient.
            beads = self.mapping.beads(positions.cpu().numpy())
            recon = (self._backmap(beads, positions) - positions).square().mean()
            return {"loss": recon}

        train_network(self.network, loss, train, valid, self.settings, context)
        self.network.cpu()

    def backmap(self, beads: Positions) -> Positions:
        """Map beads [n_frames, n_beads, 3] to atoms [n_frames, n_atoms, 3]."""
        like = torch.as_tensor(beads)
        self.network.to(like.dtype)
        with torch.inference_mode():
            return np.asarray(self._backmap(beads, like).numpy())

    def _backmap(self, beads: Positions, like: Tensor) -> Tensor:
        vectors, distances = nearest_bead_vectors(beads, self.n_neighbours)
        bead_of_atom = self.mapping.bead_index
        coefficients = self.network(torch.as_tensor(distances).to(like).flatten(1))
        local = torch.as_tensor(vectors[:, bead_of_atom]).to(like)
        weighted = coefficients.unflatten(1, (self.mapping.n_atoms, -1)).unsqueeze(-1) * local
        return weighted.sum(2) + torch.as_tensor(self.mapping.lift(beads)).to(like)

    def state(self) -> dict[str, Any]:
        """Weights of the network."""
        return {name: value.float() for name, value in self.network.state_dict().items()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Set the weights."""
        self.network.load_state_dict(state)
