"""Equivariant MLP baseline: combinations of bead difference vectors with coefficients from a network.

After Wang et al., arXiv 2201.12176 (appendix): a fully connected network maps the distances from every bead
to its k nearest other beads to one coefficient per atom and difference vector. Distances are invariant and
the difference vectors rotate with the beads, so the result is E(3) equivariant. With three beads all atoms
stay in their plane, as with the linear baselines.
"""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from cgbench.methods import mlp
from cgbench.methods._baselines import nearest_bead_vectors
from cgbench.nn.training import TrainingSettings


class EquivariantMLPSettings(TrainingSettings):
    """Settings of the equivariant MLP baseline.

    Attributes
    ----------
    width
        Hidden units.
    depth
        Hidden layers after the first.
    neighbours
        Number k of nearest beads; null uses all other beads.
    """

    width: Annotated[int, Field(ge=1)] = 128
    depth: Annotated[int, Field(ge=0)] = 1
    neighbours: Annotated[int, Field(ge=1)] | None = 6
    learning_rate: Annotated[float, Field(gt=0)] = 0.01


class Method(mlp.Method):
    """x_i = X_I(i) + Σ_v c_iv(distances) v over the difference vectors v of the bead I(i)."""

    Settings = EquivariantMLPSettings
    equivariance = "E(3)"
    settings: EquivariantMLPSettings

    def new_network(self) -> nn.Sequential:
        """Return the network from the distances of all beads to the coefficients of all atoms."""
        n_others = self.mapping.n_beads - 1
        k = n_others if self.settings.neighbours is None else min(self.settings.neighbours, n_others)
        n_inputs, n_outputs = self.mapping.n_beads * k, self.mapping.n_atoms * k
        return mlp.fully_connected(n_inputs, self.settings.width, self.settings.depth, n_outputs)

    def decode(self, beads: Tensor) -> Tensor:
        """Map beads [n_frames, n_beads, 3] to atoms [n_frames, n_atoms, 3] (Å)."""
        nearest = nearest_bead_vectors(beads.cpu().numpy(), self.settings.neighbours)
        vectors, distances = (torch.as_tensor(array).to(beads) for array in nearest)
        bead_index = torch.as_tensor(self.mapping.bead_index, device=beads.device)
        coefficients = self.network(distances.flatten(1)).unflatten(1, (self.mapping.n_atoms, -1))
        weighted = coefficients.unsqueeze(-1) * vectors[:, bead_index]
        return weighted.sum(2) + beads[:, bead_index]
