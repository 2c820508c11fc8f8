"""Equivariant MLP baseline: distances of the nearest beads to coefficients of their vectors.

After arXiv 2201.12176 (appendix): a network maps the distances from every bead to its k nearest
other beads to one coefficient per atom and difference vector. Distances are invariant and the
vectors turn with the beads, so the result is E(3) equivariant; like the linear baselines it cannot
leave the plane of three beads.
"""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from cgbench.methods._bead_neighbours import nearest_bead_vectors
from cgbench.methods._perceptron import PerceptronMethod, perceptron
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
        k; null takes all other beads.
    """

    width: Annotated[int, Field(ge=1)] = 128
    depth: Annotated[int, Field(ge=0)] = 1
    neighbours: Annotated[int, Field(ge=1)] | None = 3


class Method(PerceptronMethod):
    """x_i = X_I(i) + Σ_v c_iv(distances) v over the difference vectors v of the bead I(i)."""

    Settings = EquivariantMLPSettings
    equivariance = "E(3)"
    reference = "Wang et al., ICML 2022, arXiv 2201.12176"
    settings: EquivariantMLPSettings

    def new_network(self) -> nn.Sequential:
        """Network from the distances of all beads to the coefficients of all atoms."""
        n_others = self.mapping.n_beads - 1
        k = n_others if self.settings.neighbours is None else min(self.settings.neighbours, n_others)
        n_inputs, n_outputs = self.mapping.n_beads * k, self.mapping.n_atoms * k
        return perceptron(n_inputs, self.settings.width, self.settings.depth, n_outputs)

    def decode(self, beads: Tensor) -> Tensor:
        """Combine the vectors of every atom's bead, which nothing upstream needs a gradient of."""
        # numpy ranks the neighbours.
        found = nearest_bead_vectors(beads.cpu().numpy(), self.settings.neighbours)
        vectors, distances = (torch.as_tensor(array).to(beads) for array in found)
        bead_of_atom = torch.as_tensor(self.mapping.bead_index, device=beads.device)
        coefficients = self.network(distances.flatten(1)).unflatten(1, (self.mapping.n_atoms, -1))
        weighted = coefficients.unsqueeze(-1) * vectors[:, bead_of_atom]
        return weighted.sum(2) + beads[:, bead_of_atom]
