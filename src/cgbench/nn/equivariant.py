"""Equivariant layers on the beads, which encoder and decoder are made of."""

from typing import Any

import torch
from torch import Tensor, nn

from cgbench.nn.dense import Linear
from cgbench.nn.invariant import mlp
from cgbench.nn.radial import filter_matrix, neighbour_sum

# Vector features are [batch, n_beads, 3, channels]: the component first, so that channels mix by Linear.


class _Cross(torch.autograd.Function):
    """Forward and backward of :func:`cross`."""

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
    """Vector product of [batch, n, 3, F]; that of torch takes its vectors one by one where F comes last."""
    product: Tensor = _Cross.apply(a, b)
    return product


def normalised_cross(a: Tensor, b: Tensor) -> Tensor:
    """Vector product of [batch, n, 3, F], bounded by the longer factor so that depth cannot blow it up."""
    size = 1.0 + a.square().sum(2, keepdim=True) + b.square().sum(2, keepdim=True)
    return cross(a, b) * size.rsqrt()


class EquivariantMessage(nn.Module):
    """One layer over scalars S, pseudoscalars P, vectors V and pseudovectors A of the beads.

    Neighbours send S, V, A and their direction, weighted by radial filters; products with the
    receiver's own features couple the four kinds as parity allows: V gains V×A and P·A, A gains
    P·V, V×V and A×A, P gains V·A.
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

    def forward(self, state: tuple[Tensor, ...], positions: Tensor, basis: Tensor) -> tuple[Tensor, ...]:
        """Update (S, P, V, A) at beads [batch, n, 3] with basis [batch, K, n, n]."""
        S, P, V, A = state
        at = positions.unsqueeze(-1)
        s, r, v, a = self.source(self.normalise(S)).unsqueeze(2).split(self.sizes, dim=-1)
        scalar, placed, carried, vector, pseudovector = self._sum(basis, s, r * at, r, v * V, a * A)
        direction = placed - at * carried

        v_plain, v_pseudo, v_cross = self.from_vector(vector).chunk(3, dim=-1)
        a_plain, a_pseudo, a_cross_v, a_cross_a = self.from_pseudovector(pseudovector).chunk(4, dim=-1)
        turn = P.unsqueeze(2)
        return (
            S + self.to_scalar(scalar.squeeze(2)),
            P + (V * pseudovector).sum(2) / (1.0 + V.square().sum(2) + pseudovector.square().sum(2)),
            V + self.from_direction(direction) + v_plain + normalised_cross(V, a_cross_v) + turn * a_pseudo,
            A + a_plain + turn * v_pseudo + normalised_cross(V, v_cross) + normalised_cross(A, a_cross_a),
        )

    def _sum(self, basis: Tensor, scalar: Tensor, *vectors: Tensor) -> list[Tensor]:
        """Sum all kinds [batch, n, components, channels] over neighbours at once.

        A head takes the same share of the channels of every kind, with all their components, so that
        one matrix product serves them all.
        """
        sent = self._by_head(torch.cat(vectors, dim=2))
        values = self._by_head(scalar).flatten(3), sent.flatten(3)
        summed = neighbour_sum(basis, torch.cat(values, dim=-1).transpose(1, 2), self.filters)
        s, v = summed.split([each.shape[-1] for each in values], dim=-1)
        received = v.unflatten(-1, sent.shape[3:]).transpose(2, 3).flatten(3)
        return [s.flatten(2).unsqueeze(2), *received.split([kind.shape[2] for kind in vectors], dim=2)]

    def _by_head(self, kind: Tensor) -> Tensor:
        """View [batch, n, components, channels] as [batch, heads, n, components, channels of the head]."""
        return kind.unflatten(-1, (self.n_heads, -1)).movedim(3, 1)


class Update(nn.Module):
    """PaiNN's update block (arXiv 2102.03150) on (S, P, V, A): scalars gate vectors, lengths feed scalars."""

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
    """Several rounds of message and update over the state (S, P, V, A) of the beads."""

    def __init__(self, n_features: int, n_vectors: int, n_layers: int, n_basis: int, n_heads: int) -> None:
        super().__init__()
        self.messages = nn.ModuleList(
            EquivariantMessage(n_features, n_vectors, n_basis, n_heads) for _ in range(n_layers)
        )
        self.updates = nn.ModuleList(Update(n_features, n_vectors) for _ in range(n_layers))

    def forward(self, state: tuple[Tensor, ...], positions: Tensor, basis: Tensor) -> tuple[Tensor, ...]:
        """Update (S, P, V, A) at centred beads [batch, n, 3] with basis [batch, K, n, n]."""
        for message, update in zip(self.messages, self.updates, strict=True):
            state = update(message(state, positions, basis))
        return state
