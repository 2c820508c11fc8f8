"""What the baselines that are small fully connected networks share: training, moving, storing them."""

from abc import abstractmethod

import numpy as np
import torch
from torch import Tensor, nn

from cgbench.chem.molecule import Molecule
from cgbench.mapping.base import Mapping
from cgbench.methods._network import OneNetwork
from cgbench.methods.base import DeterministicMethod, Positions, TrainingContext
from cgbench.nn.training import Terms, TrainingSettings, train_network


class PerceptronMethod(OneNetwork, DeterministicMethod):
    """A method that learns one fully connected network on the mean squared error of coordinates."""

    settings: TrainingSettings
    network: nn.Sequential

    def __init__(self, settings: TrainingSettings, mapping: Mapping, molecule: Molecule) -> None:
        super().__init__(settings, mapping, molecule)
        self.network = self.new_network()

    @abstractmethod
    def new_network(self) -> nn.Sequential:
        """Network with random weights, for the settings, mapping and molecule."""

    @abstractmethod
    def decode(self, beads: Tensor) -> Tensor:
        """Map beads [n_frames, n_beads, 3] to atoms [n_frames, n_atoms, 3], on the network's device."""

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Minimise the mean squared coordinate error; stop on the validation frames."""
        torch.manual_seed(context.seed)
        self.network = self.new_network()
        matrix = torch.as_tensor(self.mapping.matrix, dtype=torch.float32, device=context.device)

        def loss(positions: Tensor, progress: float, generator: torch.Generator) -> Terms:
            return {"loss": (self.decode(matrix @ positions) - positions).square().mean()}

        train_network(self.network, loss, train, valid, self.settings, context)
        self.network.cpu()

    def backmap(self, beads: Positions) -> Positions:
        """Map beads [n_frames, n_beads, 3] to atoms [n_frames, n_atoms, 3]."""
        tensor = torch.as_tensor(beads, device=next(self.network.parameters()).device)
        self.network.to(tensor.dtype)
        with torch.inference_mode():
            return np.asarray(self.decode(tensor).cpu().numpy())


def perceptron(n_inputs: int, hidden: int, depth: int, n_outputs: int) -> nn.Sequential:
    """Fully connected network with SiLU between its layers, ``depth`` of them after the first hidden one."""
    layers: list[nn.Module] = [nn.Linear(n_inputs, hidden), nn.SiLU()]
    for _ in range(depth):
        layers += [nn.Linear(hidden, hidden), nn.SiLU()]
    return nn.Sequential(*layers, nn.Linear(hidden, n_outputs))
