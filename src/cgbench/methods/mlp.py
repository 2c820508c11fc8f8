"""MLP baseline: a fully connected network from bead coordinates to atom coordinates.

After Wang et al., arXiv 2201.12176 (appendix): x = f(X − c) + c, where c is the mean of the beads. The
network is not equivariant and has to learn every orientation from the training frames.
"""

from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from cgbench.chem.molecule import Molecule
from cgbench.core.settings import AUTO, Automatic
from cgbench.mapping.base import Mapping
from cgbench.methods._network import NetworkMixin
from cgbench.methods.base import DeterministicMethod, Positions, TrainingContext
from cgbench.nn.mapped_network import bead_sums, mapping_matrix
from cgbench.nn.task_facts import TaskFacts
from cgbench.nn.training import Terms, TrainingSettings, train_network

MOST_HIDDEN = 2048


def _epochs(facts: TaskFacts, settings: "MLPSettings") -> int:
    """40, fewer for large molecules, whose weights grow with the square of the atoms; 1,000 steps or more."""
    return facts.epochs(2.5e9 / facts.n_atoms**2, 1000, settings.batch_size, most=40)


class MLPSettings(TrainingSettings):
    """Settings of the MLP baseline.

    Attributes
    ----------
    width
        Hidden units as a multiple of the 3 n_atoms outputs; never more than 2,048 units, so that the number
        of weights is proportional to the number of atoms.
    depth
        Hidden layers after the first.
    """

    epochs: Annotated[int, Field(ge=1), Automatic(_epochs)] = AUTO
    learning_rate: Annotated[float, Field(gt=0)] = 0.003
    width: Annotated[int, Field(ge=1)] = 2
    depth: Annotated[int, Field(ge=0)] = 2


class Method(NetworkMixin, DeterministicMethod):
    """Fully connected network from 3 n_beads to 3 n_atoms coordinates, fitted to the mean squared error."""

    Settings: ClassVar[type[TrainingSettings]] = MLPSettings
    equivariance = "none"
    reference = "Wang et al., ICML 2022, arXiv 2201.12176"
    settings: TrainingSettings
    network: nn.Sequential

    def __init__(self, settings: TrainingSettings, mapping: Mapping, molecule: Molecule) -> None:
        super().__init__(settings, mapping, molecule)
        self.network = self.new_network()

    def new_network(self) -> nn.Sequential:
        """Return the network with random weights."""
        assert isinstance(self.settings, MLPSettings)
        n_inputs, n_outputs = 3 * self.mapping.n_beads, 3 * self.mapping.n_atoms
        hidden = min(self.settings.width * n_outputs, MOST_HIDDEN)
        return fully_connected(n_inputs, hidden, self.settings.depth, n_outputs)

    def decode(self, beads: Tensor) -> Tensor:
        """Map beads [n_frames, n_beads, 3] to atoms [n_frames, n_atoms, 3] (Å) on the network's device."""
        centre = beads.mean(1, keepdim=True)
        return self.network((beads - centre).flatten(1)).unflatten(1, (-1, 3)) + centre

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Minimise the mean squared coordinate error with early stopping on the validation frames."""
        torch.manual_seed(context.seed)
        self.network = self.new_network()
        matrix = mapping_matrix(self.mapping).float().to(context.device)

        def loss(positions: Tensor, progress: float, generator: torch.Generator) -> Terms:
            return {"loss": (self.decode(bead_sums(matrix, positions)) - positions).square().mean()}

        train_network(self.network, loss, train, valid, self.settings, context)
        self.network.cpu()

    def backmap(self, beads: Positions) -> Positions:
        """Map beads [n_frames, n_beads, 3] to atoms [n_frames, n_atoms, 3] (Å)."""
        tensor = torch.as_tensor(beads, device=next(self.network.parameters()).device)
        self.network.to(tensor.dtype)
        with torch.inference_mode():
            return np.asarray(self.decode(tensor).cpu().numpy())


def fully_connected(n_inputs: int, hidden: int, depth: int, n_outputs: int) -> nn.Sequential:
    """Return a network with SiLU activations and ``depth`` hidden layers after the first one."""
    layers: list[nn.Module] = [nn.Linear(n_inputs, hidden), nn.SiLU()]
    for _ in range(depth):
        layers += [nn.Linear(hidden, hidden), nn.SiLU()]
    return nn.Sequential(*layers, nn.Linear(hidden, n_outputs))
