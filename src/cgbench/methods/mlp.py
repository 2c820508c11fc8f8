"""MLP baseline: bead coordinates to atom coordinates, as they stand in space (arXiv 2201.12176, appendix).

It is not equivariant: it has to learn every orientation from the frames, which is what it is there
to show. Translations are taken out, because trajectories drift.
"""

from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from cgbench.methods._perceptron import PerceptronMethod, perceptron
from cgbench.nn.training import TrainingSettings


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


class Method(PerceptronMethod):
    """Fully connected network from 3 n_beads to 3 n_atoms numbers."""

    Settings = MLPSettings
    equivariance = "none"
    reference = "Wang et al., ICML 2022, arXiv 2201.12176"
    settings: MLPSettings

    def new_network(self) -> nn.Sequential:
        """Network on all coordinates at once."""
        n_inputs, n_outputs = 3 * self.mapping.n_beads, 3 * self.mapping.n_atoms
        return perceptron(n_inputs, self.settings.width * n_outputs, self.settings.depth, n_outputs)

    def decode(self, beads: Tensor) -> Tensor:
        """Map centred beads to atoms, and shift these back."""
        centre = beads.mean(1, keepdim=True)
        return self.network((beads - centre).flatten(1)).unflatten(1, (-1, 3)) + centre
