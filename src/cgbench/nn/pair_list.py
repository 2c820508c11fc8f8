"""Lists of near pairs of points, and sums over neighbours, with a cost linear in the number of points."""

import warnings
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch
from scipy.sparse import coo_array
from torch import Tensor

from cgbench.nn.pair_search import pairs_within

with warnings.catch_warnings():
    # torch says once in a process that its sparse matrices may change.
    warnings.simplefilter("ignore")
    torch.zeros(1, 1).to_sparse_csr()


@dataclass(frozen=True)
class PairList:
    """Values of near pairs, in place of matrices [batch, H, n, n] that are zero for all other pairs.

    Every pair is listed in both directions, with the same values, sorted by receiver.

    Attributes
    ----------
    values : [H, n_pairs]
        Such as a radial basis, or weights of H heads.
    first : int [batch · n + 1]
        Where the pairs of each receiver begin, and the end of the list.
    senders : int [n_pairs]
        Points, numbered over all frames.
    """

    values: Tensor
    first: Tensor
    senders: Tensor

    @classmethod
    def within(cls, positions: Tensor, cutoff: float) -> Self:
        """List the pairs of points [batch, n, 3] within a cutoff (Å), with distances [1, n_pairs] (Å)."""
        pairs, placed = pairs_within(positions.detach().double().cpu().numpy(), cutoff)
        both = np.concatenate((pairs, pairs[:, ::-1])).T
        size = len(placed), len(placed)
        graph = coo_array((np.ones(both.shape[1], dtype=np.bool_), tuple(both)), size).tocsr()
        graph.sort_indices()
        first, senders = (
            torch.as_tensor(part.astype(np.int64), device=positions.device)
            for part in (graph.indptr, graph.indices)
        )
        points = positions.flatten(0, 1)
        receivers = torch.repeat_interleave(first.diff())
        distances = (points[receivers] - points[senders]).square().sum(-1).sqrt()
        return cls(distances.unsqueeze(0), first, senders)

    def with_values(self, values: Tensor) -> Self:
        """Replace the values by others, [H, n_pairs]."""
        return replace(self, values=values)

    def __matmul__(self, features: Tensor) -> Tensor:
        """Sum features [batch, H, n, C] over neighbours with the values as weights, [batch, H, n, C]."""
        by_head = features.transpose(0, 1)
        summed: Tensor = _Sum.apply(self.values, by_head.flatten(0, 2), self)
        return summed.view(by_head.shape).transpose(0, 1)

    def matrix(self, values: Tensor) -> Tensor:
        """Sparse matrix with a block of ``values`` [H, n_pairs] for each head, on its diagonal."""
        heads, n_pairs = values.shape
        head = torch.arange(heads, device=values.device).unsqueeze(1)
        rows = (self.first[:-1] + n_pairs * head).flatten()
        n_points = len(self.first) - 1
        return torch.sparse_csr_tensor(
            torch.cat((rows, rows.new_tensor([heads * n_pairs]))),
            (self.senders + n_points * head).flatten(),
            values.flatten(),
            (heads * n_points, heads * n_points),
            check_invariants=False,
        )


class _Sum(torch.autograd.Function):
    """Product of the matrix of a list with features [H · batch · n, C]."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, features: Tensor, pairs: PairList) -> Tensor:
        ctx.save_for_backward(values, features)
        ctx.pairs = pairs
        return pairs.matrix(values) @ features

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor, None]:
        values, features = ctx.saved_tensors
        matrix = ctx.pairs.matrix(values)  # is its own transpose
        to_values = None
        if ctx.needs_input_grad[0]:
            products = torch.sparse.sampled_addmm(matrix, gradient, features.mT, beta=0.0)
            to_values = products.values().view(values.shape)
        return to_values, matrix @ gradient, None
