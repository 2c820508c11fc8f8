"""Base class of networks that hold the mapping matrix."""

import numpy as np
import torch
from torch import Tensor, nn

from cgbench.mapping.base import DENSE_SIZE, Mapping

MIN_BEADS = 3  # fewer beads define no plane


def membership_matrix(bead_index: Tensor) -> Tensor:
    """Return the matrix [n_beads, n_atoms] of zeros and ones that sums over the atoms of every bead.

    It is sparse if it is large.
    """
    n_beads, n_atoms = int(bead_index.max()) + 1, len(bead_index)
    if n_beads * n_atoms > DENSE_SIZE:
        places = torch.stack((bead_index, torch.arange(n_atoms)))
        return torch.sparse_coo_tensor(
            places, torch.ones(n_atoms), (n_beads, n_atoms), check_invariants=True
        ).coalesce()
    return torch.eye(n_beads)[bead_index].t().contiguous()


def mapping_matrix(mapping: Mapping) -> Tensor:
    """Return M [n_beads, n_atoms] in double precision.

    It is sparse if it is large, except where beads share atoms.
    """
    if mapping.is_small or mapping.shared:
        return torch.as_tensor(mapping.matrix)
    atoms = np.flatnonzero(mapping.weights)
    places = torch.as_tensor(np.stack((mapping.bead_index[atoms], atoms)))
    size = (mapping.n_beads, mapping.n_atoms)
    return torch.sparse_coo_tensor(
        places, torch.as_tensor(mapping.weights[atoms]), size, check_invariants=True
    ).coalesce()


def nonzero_entries(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rows, columns and values of a matrix [n_beads, n_atoms], dense or sparse, where it is not zero."""
    if matrix.is_sparse:
        return *matrix.indices(), matrix.values()
    rows, columns = matrix.nonzero().T
    return rows, columns, matrix[rows, columns]


def bead_sums(matrix: Tensor, values: Tensor) -> Tensor:
    """Multiply a matrix [n_beads, n_atoms], dense or sparse, by values [..., n_atoms, C]."""
    if not matrix.is_sparse:
        return matrix @ values
    rows = values.movedim(-2, 0)
    return (matrix @ rows.flatten(1)).view(-1, *rows.shape[1:]).movedim(0, -2)


def shares_atoms(matrix: Tensor) -> bool:
    """Whether an atom counts in several beads of M [n_beads, n_atoms]; never if M is sparse."""
    return not matrix.is_sparse and bool(((matrix != 0).sum(0) > 1).any())


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
    shift = beads - bead_sums(matrix, positions)
    if shared:
        shift = group_translations(matrix, bead_index) @ shift
    return positions + shift[:, bead_index]


class MappedNetwork(nn.Module):
    """A network that holds the mapping matrix M in the precision of its weights.

    Attributes
    ----------
    matrix : [n_beads, n_atoms]
        M; sparse if it is large (:func:`mapping_matrix`).
    """

    matrix: Tensor

    def __init__(self, mapping: Mapping) -> None:
        super().__init__()
        self.mapping = mapping
        self.register_buffer("matrix", mapping_matrix(mapping).float(), persistent=False)

    def set_precision(self, dtype: torch.dtype) -> None:
        """Cast to ``dtype``; M is cast from float64, because weights rounded to float32 do not sum to 1."""
        self.to(dtype)
        self.matrix = mapping_matrix(self.mapping).to(self.matrix)

    def beads(self, positions: Tensor) -> Tensor:
        """Map frames [batch, n_atoms, 3] to beads [batch, n_beads, 3], in the same unit."""
        return bead_sums(self.matrix, positions)
