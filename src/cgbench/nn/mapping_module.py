"""A network that knows by which weights atoms make beads."""

import torch
from torch import Tensor, nn

from cgbench.mapping.base import Mapping


def members_of(bead_index: Tensor) -> Tensor:
    """Matrix [n_beads, n_atoms] that sums over the atoms of every bead, from the bead of every atom."""
    return torch.eye(int(bead_index.max()) + 1)[bead_index].t().contiguous()


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
