"""What generative methods around one network share: where it runs, in which precision, how it is stored."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from cgbench.mapping.base import Mapping
from cgbench.methods.base import BackmappingMethod, Positions

CHUNK = 4096  # geometries decoded at once


class MappedNetwork(nn.Module):
    """A network that knows the mapping's matrix, in the precision of its weights.

    Parameters
    ----------
    mapping
        M, by which atoms make beads.
    """

    matrix: Tensor

    def __init__(self, mapping: Mapping) -> None:
        super().__init__()
        self.mapping = mapping
        self.register_buffer("matrix", torch.as_tensor(mapping.matrix, dtype=torch.float32), persistent=False)

    def set_precision(self, dtype: torch.dtype) -> None:
        """Cast to ``dtype``, the mapping's weights in full: cast from float32 they would not sum to 1."""
        self.to(dtype)
        self.matrix = torch.as_tensor(self.mapping.matrix).to(self.matrix)


class NetworkMethod(BackmappingMethod):
    """A method that is one network.

    Attributes
    ----------
    network
        With new weights until it is fitted or loaded.
    """

    network: MappedNetwork

    def run(self, function: Callable[[Tensor], Tensor], array: Positions, chunk: int = CHUNK) -> Positions:
        """Apply a function of the network to parts of an array, on its device, in the array's precision."""
        dtype = torch.float64 if array.dtype == np.float64 else torch.float32
        device = next(self.network.parameters()).device
        self.network.set_precision(dtype)
        self.network.eval()
        tensor = torch.as_tensor(array, dtype=dtype, device=device)
        with torch.inference_mode():
            result = torch.cat([function(part) for part in tensor.split(chunk)])
        return np.asarray(result.cpu().numpy())

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
