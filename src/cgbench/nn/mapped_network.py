"""Base class of networks that hold the mapping matrix."""

import torch
from torch import Tensor, nn

from cgbench.mapping.base import Mapping

MIN_BEADS = 3  # fewer beads define no plane


def membership_matrix(bead_index: Tensor) -> Tensor:
    """Return the matrix [n_beads, n_atoms] of zeros and ones that sums over the atoms of every bead."""
    return torch.eye(int(bead_index.max()) + 1)[bead_index].t().contiguous()


def shares_atoms(matrix: Tensor) -> bool:
    """Whether an atom counts in several beads of M [n_beads, n_atoms]."""
    return bool(((matrix != 0).sum(0) > 1).any())


def group_translations(matrix: Tensor, bead_index: Tensor) -> Tensor:
    """Return the translations [n_beads, n_beads] of the atoms of beads that move one bead by 1 and no other.

    Parameters
    ----------
    matrix : [n_beads, n_atoms]
        M.
    bead_index : int [n_atoms]
        Bead of every atom.
    """
    moved = matrix.new_zeros(len(matrix), len(matrix)).index_add_(1, bead_index, matrix)
    return torch.linalg.inv(moved)


def on_beads(positions: Tensor, beads: Tensor, matrix: Tensor, bead_index: Tensor, shared: bool) -> Tensor:
    """Translate the atoms of every bead [batch, n_atoms, 3] such that M x = X, [batch, n_beads, 3].

    Parameters
    ----------
    shared
        Whether atoms count in several beads (:func:`shares_atoms`).
    """
    shift = beads - matrix @ positions
    if shared:
        shift = group_translations(matrix, bead_index) @ shift
    return positions + shift[:, bead_index]


class MappedNetwork(nn.Module):
    """A network that holds the mapping matrix M in the precision of its weights.

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
