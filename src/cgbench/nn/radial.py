"""Radial filters and the sum over neighbours, without a tensor of pairs times features."""

import math
from typing import Any

import torch
from torch import Tensor, nn


class RadialBasis(nn.Module):
    """Spherical Bessel basis sin(kπd/c)/d, k = 1..K, times a cosine envelope (arXiv 2102.03150).

    Parameters
    ----------
    cutoff
        c, Å; the basis and its slope vanish there.
    n_basis
        K.
    """

    order: Tensor

    def __init__(self, cutoff: float, n_basis: int) -> None:
        super().__init__()
        self.cutoff = cutoff
        # Whole numbers, so that a network cast to float64 has wave numbers of that precision.
        self.register_buffer("order", torch.arange(1, n_basis + 1), persistent=False)

    def forward(self, distance: Tensor) -> Tensor:
        """Expand distances [batch, ...] (Å) to [batch, K, ...]; zero beyond the cutoff and at distance 0."""
        inside = (distance < self.cutoff) & (distance > 0)
        envelope = 0.5 * (torch.cos(distance * (math.pi / self.cutoff)) + 1.0)
        scale = torch.where(inside, envelope / distance.clamp_min(1e-6), 0.0)
        wave_number = self.order.to(distance.dtype).view(-1, *[1] * (distance.ndim - 1)) * (
            math.pi / self.cutoff
        )
        return torch.sin(distance.unsqueeze(1) * wave_number) * scale.unsqueeze(1)


def pair_distance(positions: Tensor) -> Tensor:
    """Distances [batch, n, n] between points [batch, n, 3], exactly 0 on the diagonal."""
    difference = positions.unsqueeze(2) - positions.unsqueeze(1)
    return difference.square().sum(-1).sqrt()


def neighbour_sum(basis: Tensor, values: Tensor, filters: Tensor) -> Tensor:
    r"""Sum values over neighbours, each weighted by a learned function of distance.

    The filter of head h is linear in the basis, :math:`W_h(d) = \sum_k A_{kh} b_k(d)`, and every
    channel belongs to one head, so :math:`m_{ic} = \sum_j W_{h(c)}(d_{ij}) v_{jc}` can be
    contracted over k first (a matrix of pairs for every head, then one matrix product) or over j
    first (one matrix product for every basis function, then a sum over k). The cheaper order
    depends on the sizes alone; a tensor of pairs times channels is never formed.

    Parameters
    ----------
    basis : [batch, K, n, n]
    values : [batch, n, H, C]
        H heads of C channels each.
    filters : [K, H]
        A.

    Returns
    -------
    [batch, n, H, C]
    """
    batch, n_basis, n, _ = basis.shape
    heads, channels = values.shape[2:]
    if heads * n <= n_basis * (n + heads * channels):
        return torch.matmul(pair_weights(basis, filters), values.transpose(1, 2)).transpose(1, 2)
    summed = torch.bmm(basis.reshape(batch, n_basis * n, n), values.reshape(batch, n, heads * channels))
    return torch.einsum("bknhc,kh->bnhc", summed.view(batch, n_basis, n, heads, channels), filters)


def pair_weights(basis: Tensor, filters: Tensor) -> Tensor:
    """Weigh pairs for every head, [batch, H, n, n]: filters [K, H] times their basis [batch, K, n, n]."""
    batch, n_basis, n, _ = basis.shape
    # One small product for every frame: a broadcast one would copy the pairs to and fro.
    weights = torch.bmm(filters.t().expand(batch, -1, -1), basis.reshape(batch, n_basis, n * n))
    return weights.view(batch, filters.shape[1], n, n)


def filter_matrix(n_basis: int, n_heads: int) -> nn.Parameter:
    """Draw initial filters [K, H], scaled so that messages keep the size of what they carry."""
    return nn.Parameter(torch.randn(n_basis, n_heads) / math.sqrt(n_basis))


def channel_sum(basis: Tensor, values: Tensor, filters: Tensor) -> Tensor:
    r"""Sum values over neighbours where every channel has a radial filter of its own.

    :math:`m_{ic} = \sum_j W_c(d_{ij}) v_{jc} = \sum_k A_{kc} \sum_j b_k(d_{ij}) v_{jc}`, one basis
    function after the other, so that no tensor is larger than the values: neither one of pairs times
    channels nor one of basis functions times channels, forwards or backwards. Distances are taken as
    given: no gradient goes to the basis.

    Parameters
    ----------
    basis : [batch, K, n, n]
    values : [batch, n, C] or, where they are the same in all of the batch, [n, C]
    filters : [K, C]
        A.

    Returns
    -------
    [batch, n, C]
    """
    summed: Tensor = _ChannelSum.apply(basis, values.expand(len(basis), -1, -1).contiguous(), filters)
    return summed


class _ChannelSum(torch.autograd.Function):
    """Forward and backward of :func:`channel_sum`, which keeps its arguments and nothing else."""

    @staticmethod
    def forward(ctx: Any, basis: Tensor, values: Tensor, filters: Tensor) -> Tensor:
        ctx.save_for_backward(basis, values, filters)
        summed, of_one = torch.zeros_like(values), torch.empty_like(values)
        for pairs, row in zip(basis.unbind(1), filters, strict=True):
            torch.bmm(pairs, values, out=of_one)
            summed.addcmul_(of_one, row)
        return summed

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor, Tensor]:
        basis, values, filters = ctx.saved_tensors
        of_values, of_filters = torch.zeros_like(values), torch.empty_like(filters)
        of_one = torch.empty_like(values)
        for pairs, row, of_row in zip(basis.unbind(1), filters, of_filters, strict=True):
            torch.bmm(pairs, values, out=of_one)
            torch.sum(of_one.mul_(gradient), dim=(0, 1), out=of_row)
            of_values.baddbmm_(pairs.transpose(1, 2), torch.mul(gradient, row, out=of_one))
        return None, of_values, of_filters
