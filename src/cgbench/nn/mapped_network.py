"""Base class of networks that hold the mapping matrix."""

import torch
from torch import Tensor, nn

from cgbench.mapping.base import Mapping


def membership_matrix(bead_index: Tensor) -> Tensor:
    """Return the matrix [n_beads, n_atoms] of zeros and ones that sums over the atoms of every bead."""
    return torch.eye(int(bead_index.max()) + 1)[bead_index].t().contiguous()


class MappedNetwork(nn.Module):
    """A network that holds the mapping matrix M in the precision of its weights.

    Parameters
    ----------
    mapping
        CG mapping.

    Attributes
    ----------
    matrix : [n_beads, n_atoms]
        M.
    """

    matrix: Tensor

    def __init__(self, mapping: Mapping) -> None:
        super().__init__()
        self.mapping = mapping
        self.register_buffer("matrix", torch.as_tensor(mapping.matrix, dtype=torch.float32), persistent=False)

    def set_precision(self, dtype: torch.dtype) -> None:
        """Cast to ``dtype``; M is cast from float64, because weights rounded to float32 do not sum to 1."""
        self.to(dtype)
        self.matrix = torch.as_tensor(self.mapping.matrix).to(self.matrix)
