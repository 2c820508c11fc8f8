"""Interatomic distances, radial filters, and sums over neighbours without pair features in memory."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from cgbench.nn.pair_list import PairList

# Up to so many points there are matrices of all pairs. With a cutoff of 20 Å, a list of the near pairs is
# faster from fewer than 96 beads of a chain on, and from about 300 beads of a globule on.
DENSE_POINTS = 192

Pairs = Tensor | PairList  # values of pairs, [batch, H, n, n] or a list of [H, n_pairs]


class RadialBasis(nn.Module):
    """Spherical Bessel basis sin(kπd/c)/d, k = 1..K, times a cosine envelope (PaiNN, arXiv 2102.03150).

    Parameters
    ----------
    cutoff
        c, Å; the basis and its derivative vanish at the cutoff.
    n_basis
        Number K of basis functions.
    """

    order: Tensor

    def __init__(self, cutoff: float, n_basis: int) -> None:
        super().__init__()
        self.cutoff = cutoff
        # Integers, so that wave numbers are exact after a cast of the network to float64.
        self.register_buffer("order", torch.arange(1, n_basis + 1), persistent=False)

    def forward(self, distance: Tensor) -> Tensor:
        """Expand distances [batch, ...] (Å) to [batch, K, ...]; zero beyond the cutoff and at distance 0."""
        inside = (distance < self.cutoff) & (distance > 0)
        envelope = 0.5 * (torch.cos(distance * (math.pi / self.cutoff)) + 1.0)
        scale = torch.where(inside, envelope / distance.clamp_min(1e-6), 0.0)
        order = self.order.to(distance.dtype).view(-1, *[1] * (distance.ndim - 1))
        wave_number = order * (math.pi / self.cutoff)
        return torch.sin(distance.unsqueeze(1) * wave_number) * scale.unsqueeze(1)

    def of_pairs(self, positions: Tensor) -> Pairs:
        """Expand the distances of all pairs of points [batch, n, 3], Å: [batch, K, n, n].

        With more than ``DENSE_POINTS`` points, those within the cutoff are listed: [K, n_pairs].
        """
        if positions.shape[1] <= DENSE_POINTS:
            basis: Tensor = self(pair_distance(positions))
            return basis
        pairs = PairList.within(positions, self.cutoff)
        return pairs.with_values(self(pairs.values).squeeze(0))


def pair_distance(positions: Tensor) -> Tensor:
    """Compute distances [batch, n, n] between points [batch, n, 3]; exactly 0 on the diagonal."""
    difference = positions.unsqueeze(2) - positions.unsqueeze(1)
    return difference.square().sum(-1).sqrt()


def selected_distances(pairs: Tensor, positions: Tensor) -> Tensor:
    """Compute distances [batch, n_pairs] of pairs [2, n_pairs] of points [batch, n, 3].

    The gradient is finite at distance 0 too.
    """
    i, j = pairs
    difference = positions.index_select(1, i) - positions.index_select(1, j)
    return (difference.square().sum(-1) + 1e-12).sqrt()


def neighbour_sum(basis: Pairs, values: Tensor, filters: Tensor) -> Tensor:
    r"""Sum values over neighbours, weighted by learned radial filters.

    The filter of head h is linear in the basis, :math:`W_h(d) = \sum_k A_{kh} b_k(d)`, and every channel
    belongs to one head. The sum :math:`m_{ic} = \sum_j W_{h(c)}(d_{ij}) v_{jc}` is contracted first over k or
    first over j, whichever is cheaper for the given sizes. A tensor of pairs times channels is never formed.

    Parameters
    ----------
    basis : [batch, K, n, n], or a list of [K, n_pairs]
        Radial basis of the distances.
    values : [batch, n, H, C]
        H heads of C channels each.
    filters : [K, H]
        Coefficients A.

    Returns
    -------
    [batch, n, H, C]
    """
    heads, channels = values.shape[2:]
    n_basis, n = len(filters), values.shape[1]
    if isinstance(basis, PairList) or heads * n <= n_basis * (n + heads * channels):
        return (pair_weights(basis, filters) @ values.transpose(1, 2)).transpose(1, 2)
    batch = len(basis)
    summed = torch.bmm(basis.reshape(batch, n_basis * n, n), values.reshape(batch, n, heads * channels))
    return torch.einsum("bknhc,kh->bnhc", summed.view(batch, n_basis, n, heads, channels), filters)


def pair_weights(basis: Pairs, filters: Tensor) -> Pairs:
    """Evaluate filters [K, H] on a basis [batch, K, n, n]: pair weights [batch, H, n, n].

    A list of [K, n_pairs] gives one of [H, n_pairs].
    """
    if isinstance(basis, PairList):
        return basis.with_values(filters.t() @ basis.values)
    batch, n_basis, n, _ = basis.shape
    # A batched product, because a broadcast product would copy the basis.
    weights = torch.bmm(filters.t().expand(batch, -1, -1), basis.reshape(batch, n_basis, n * n))
    return weights.view(batch, filters.shape[1], n, n)


def filter_matrix(n_basis: int, n_heads: int) -> nn.Parameter:
    """Draw initial filters [K, H], scaled so that messages have the magnitude of the values."""
    return nn.Parameter(torch.randn(n_basis, n_heads) / math.sqrt(n_basis))


def channel_sum(basis: Tensor, values: Tensor, filters: Tensor) -> Tensor:
    r"""Sum values over neighbours with one radial filter per channel.

    :math:`m_{ic} = \sum_j W_c(d_{ij}) v_{jc} = \sum_k A_{kc} \sum_j b_k(d_{ij}) v_{jc}`, evaluated for one
    basis function after the other, so that no intermediate tensor is larger than the values, forward and
    backward. The basis gets no gradient.

    Parameters
    ----------
    basis : [batch, K, n, n]
        Radial basis of the distances.
    values : [batch, n, C] or [n, C]
        The latter if all frames have the same values.
    filters : [K, C]
        Coefficients A.

    Returns
    -------
    [batch, n, C]
    """
    summed: Tensor = _ChannelSum.apply(basis, values.expand(len(basis), -1, -1).contiguous(), filters)
    return summed


class _ChannelSum(torch.autograd.Function):
    """Forward and backward pass of :func:`channel_sum`; only the arguments are saved."""

    @staticmethod
    def forward(ctx: Any, basis: Tensor, values: Tensor, filters: Tensor) -> Tensor:
        ctx.save_for_backward(basis, values, filters)
        summed, term = torch.zeros_like(values), torch.empty_like(values)
        for pairs, row in zip(basis.unbind(1), filters, strict=True):
            torch.bmm(pairs, values, out=term)
            summed.addcmul_(term, row)
        return summed

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor, Tensor]:
        basis, values, filters = ctx.saved_tensors
        grad_values, grad_filters = torch.zeros_like(values), torch.empty_like(filters)
        term = torch.empty_like(values)
        for pairs, row, grad_row in zip(basis.unbind(1), filters, grad_filters, strict=True):
            torch.bmm(pairs, values, out=term)
            torch.sum(term.mul_(gradient), dim=(0, 1), out=grad_row)
            grad_values.baddbmm_(pairs.transpose(1, 2), torch.mul(gradient, row, out=term))
        return None, grad_values, grad_filters
