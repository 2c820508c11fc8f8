"""Equivariant message passing between beads with scalars, pseudoscalars, vectors and pseudovectors."""

from typing import Any

import torch
from torch import Tensor, nn

from cgbench.nn.dense import Linear, mlp
from cgbench.nn.radial import Pairs, filter_matrix, neighbour_sum

# Vector features are [batch, n_beads, 3, channels], so that Linear mixes the channels.


class _Cross(torch.autograd.Function):
    """Forward and backward pass of :func:`cross`."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(a, b)
        return _Cross.product(a, b)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        a, b = ctx.saved_tensors
        return _Cross.product(b, gradient), _Cross.product(gradient, a)

    @staticmethod
    def product(a: Tensor, b: Tensor) -> Tensor:
        result = torch.empty_like(b)
        for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
            component = result.select(2, i)
            torch.mul(a.select(2, j), b.select(2, k), out=component)
            component.addcmul_(a.select(2, k), b.select(2, j), value=-1.0)
        return result


def cross(a: Tensor, b: Tensor) -> Tensor:
    """Compute the cross product of [batch, n, 3, F] for all channels at once.

    ``torch.linalg.cross`` and plain products differ from it in the last bit of the gradients.
    """
    product: Tensor = _Cross.apply(a, b)
    return product


def normalised_cross(a: Tensor, b: Tensor) -> Tensor:
    """Compute the cross product of [batch, n, 3, F], bounded in magnitude by the longer factor."""
    size = 1.0 + a.square().sum(2, keepdim=True) + b.square().sum(2, keepdim=True)
    return cross(a, b) * size.rsqrt()


class EquivariantMessage(nn.Module):
    """One message layer for scalars S, pseudoscalars P, vectors V and pseudovectors A of the beads.

    Messages are S, V, A and the direction of the neighbours, weighted by radial filters. Products with the
    features of the receiver couple the four types as parity allows: V gains V×A and P·A, A gains P·V, V×V and
    A×A, and P gains V·A. The layer extends PaiNN (arXiv 2102.03150) by the parity-odd features of arXiv
    2201.12176.
    """

    def __init__(self, n_features: int, n_vectors: int, n_basis: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.sizes = (n_features, n_vectors, n_vectors, n_vectors)
        self.normalise = nn.LayerNorm(n_features)
        self.source = mlp(n_features, n_features, sum(self.sizes))
        self.filters = filter_matrix(n_basis, n_heads)
        self.to_scalar = Linear(n_features, n_features)
        self.from_direction = Linear(n_vectors, n_vectors, bias=False)
        self.from_vector = Linear(n_vectors, 3 * n_vectors, bias=False)
        self.from_pseudovector = Linear(n_vectors, 4 * n_vectors, bias=False)

    def forward(self, state: tuple[Tensor, ...], positions: Tensor, basis: Pairs) -> tuple[Tensor, ...]:
        """Update (S, P, V, A) at beads [batch, n, 3] with basis [batch, K, n, n]."""
        S, P, V, A = state
        x = positions.unsqueeze(-1)
        s, r, v, a = self.source(self.normalise(S)).unsqueeze(2).split(self.sizes, dim=-1)
        scalar, placed, carried, vector, pseudovector = self._sum(basis, s, r * x, r, v * V, a * A)
        direction = placed - x * carried

        v_plain, v_pseudo, v_cross = self.from_vector(vector).chunk(3, dim=-1)
        a_plain, a_pseudo, a_cross_v, a_cross_a = self.from_pseudovector(pseudovector).chunk(4, dim=-1)
        pseudoscalar = P.unsqueeze(2)
        return (
            S + self.to_scalar(scalar.squeeze(2)),
            P + (V * pseudovector).sum(2) / (1.0 + V.square().sum(2) + pseudovector.square().sum(2)),
            V
            + self.from_direction(direction)
            + v_plain
            + normalised_cross(V, a_cross_v)
            + pseudoscalar * a_pseudo,
            A
            + a_plain
            + pseudoscalar * v_pseudo
            + normalised_cross(V, v_cross)
            + normalised_cross(A, a_cross_a),
        )

    def _sum(self, basis: Pairs, scalar: Tensor, *vectors: Tensor) -> list[Tensor]:
        """Sum features [batch, n, components, channels] of all types over neighbours in one matrix product.

        A head has the same share of the channels of every type.
        """
        sent = self._by_head(torch.cat(vectors, dim=2))
        values = self._by_head(scalar).flatten(3), sent.flatten(3)
        summed = neighbour_sum(basis, torch.cat(values, dim=-1).transpose(1, 2), self.filters)
        s, v = summed.split([each.shape[-1] for each in values], dim=-1)
        received = v.unflatten(-1, sent.shape[3:]).transpose(2, 3).flatten(3)
        return [s.flatten(2).unsqueeze(2), *received.split([vector.shape[2] for vector in vectors], dim=2)]

    def _by_head(self, features: Tensor) -> Tensor:
        """View [batch, n, components, channels] as [batch, heads, n, components, channels per head]."""
        return features.unflatten(-1, (self.n_heads, -1)).movedim(3, 1)


class Update(nn.Module):
    """Update block of PaiNN (arXiv 2102.03150), extended to (S, P, V, A)."""

    def __init__(self, n_features: int, n_vectors: int) -> None:
        super().__init__()
        self.sizes = (n_features, n_vectors, n_vectors, n_vectors)
        self.mix_v = Linear(n_vectors, 2 * n_vectors, bias=False)
        self.mix_a = Linear(n_vectors, n_vectors, bias=False)
        self.normalise = nn.LayerNorm(n_features)
        self.gate = mlp(n_features + 4 * n_vectors, 2 * n_features, sum(self.sizes))

    def forward(self, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Update (S, P, V, A)."""
        S, P, V, A = state
        u, w = self.mix_v(V).chunk(2, dim=-1)
        b = self.mix_a(A)
        length = (w.square().sum(2) + 1e-6).sqrt()
        alignment = (u * w).sum(2) / (1.0 + length)
        twist = (u * b).sum(2) / (1.0 + length)
        mixed = torch.cat((self.normalise(S), P, length, alignment, twist), dim=-1)
        to_s, to_p, to_v, to_a = self.gate(mixed).split(self.sizes, dim=-1)
        return S + to_s, P + to_p, V + to_v.unsqueeze(2) * u, A + to_a.unsqueeze(2) * b


class EquivariantLayers(nn.Module):
    """Alternating message and update layers on the state (S, P, V, A) of the beads."""

    def __init__(self, n_features: int, n_vectors: int, n_layers: int, n_basis: int, n_heads: int) -> None:
        super().__init__()
        self.messages = nn.ModuleList(
            EquivariantMessage(n_features, n_vectors, n_basis, n_heads) for _ in range(n_layers)
        )
        self.updates = nn.ModuleList(Update(n_features, n_vectors) for _ in range(n_layers))

    def forward(self, state: tuple[Tensor, ...], positions: Tensor, basis: Pairs) -> tuple[Tensor, ...]:
        """Update (S, P, V, A) at centred beads [batch, n, 3] with basis [batch, K, n, n]."""
        for message, update in zip(self.messages, self.updates, strict=True):
            state = update(message(state, positions, basis))
        return state
