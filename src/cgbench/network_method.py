"""What methods that are one network share: where it runs, in which precision, how it is stored."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from cgbench.methods.base import BackmappingMethod, Positions
from cgbench.nn.mapped import MappedNetwork

CHUNK = 4096  # geometries whose noise is drawn at once: with another number, samples are other ones


class OneNetwork:
    """The part of a method that moves and stores its network.

    Attributes
    ----------
    network
        With new weights until it is fitted or loaded.
    """

    network: nn.Module

    def to(self, device: str) -> Self:
        """Move the network to ``"cpu"`` or ``"cuda"``."""
        self.network.to(device)
        return self

    def state(self) -> dict[str, Any]:
        """Weights of the network."""
        return {name: value.float().cpu() for name, value in self.network.state_dict().items()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Set the weights."""
        self.network.load_state_dict(state)


class NetworkMethod(OneNetwork, BackmappingMethod):
    """A generative method that is one network on the beads."""

    network: MappedNetwork

    def run(self, function: Callable[[Tensor], Tensor], array: Positions, chunk: int = CHUNK) -> Positions:
        """Apply a function of the network to parts of an array, on its device, in the array's precision."""
        dtype = torch.float64 if array.dtype == np.float64 else torch.float32
        device = next(self.network.parameters()).device
        self.network.set_precision(dtype)
        self.network.eval()
        tensor = torch.as_tensor(array, dtype=dtype, device=device)
        with torch.inference_mode():
            result = torch.cat([function(part) for part in torch.split(tensor, chunk)])
        return np.asarray(result.cpu().numpy())
