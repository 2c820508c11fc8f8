"""Invariant message passing, for the encoder's atoms and the prior's beads alike."""

from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn

from cgbench.nn.dense import Linear
from cgbench.nn.radial import RadialBasis, filter_matrix, neighbour_sum, pair_distance, pair_weights


def mlp(n_in: int, n_hidden: int, n_out: int) -> nn.Sequential:
    """Two linear layers with SiLU between."""
    return nn.Sequential(Linear(n_in, n_hidden), nn.SiLU(), Linear(n_hidden, n_out))


class Message(nn.Module):
    """One layer h_i += MLP(h_i, Σ_j φ(h_j) ∘ W(d_ij)), with as many radial filters as heads."""

    def __init__(self, n_features: int, n_basis: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.normalise = nn.LayerNorm(n_features)
        self.value = Linear(n_features, n_features)
        self.filters = filter_matrix(n_basis, n_heads)
        self.update = mlp(2 * n_features, n_features, n_features)

    def weights(self, basis: Tensor) -> Tensor:
        """Weights [batch, H, n, n] of pairs, from a basis [batch, K, n, n]."""
        return pair_weights(basis, self.filters)

    def forward(self, h: Tensor, weights: Tensor) -> Tensor:
        """Update features [batch, n, ..., F] with weights [batch, H, n, n], which all in between share."""
        normalised = self.normalise(h)
        value = self.value(normalised).unflatten(-1, (self.n_heads, -1)).movedim(-2, 1)
        message = (weights @ value.flatten(3)).view(value.shape).movedim(1, -2).flatten(-2)
        return h + self.update(torch.cat((message, normalised), dim=-1))


def messages(n_features: int, n_layers: int, n_basis: int, n_heads: int) -> Iterable[Message]:
    """Make layers of messages, with random weights, for a network to own."""
    return cast(
        "Iterable[Message]", nn.ModuleList(Message(n_features, n_basis, n_heads) for _ in range(n_layers))
    )


class Handedness(nn.Module):
    """Parity-odd scalars: triple products of learned vectors, so that left differs from right.

    Distances alone cannot tell a molecule from its mirror image. With u = Σ_j W(d_ij) y_j (x_j − x_i),
    three such vectors per channel give u1·(u2×u3), which changes sign under reflection.
    """

    n_vectors = 3

    def __init__(self, n_features: int, n_basis: int, n_channels: int) -> None:
        super().__init__()
        self.n_channels = n_channels
        self.value = Linear(n_features, self.n_vectors * n_channels)
        self.filters = filter_matrix(n_basis, self.n_vectors)
        self.mix = Linear(n_channels, n_features)

    def forward(self, h: Tensor, positions: Tensor, basis: Tensor) -> Tensor:
        """Add to features [batch, n, F] what the handedness at positions [batch, n, 3] tells."""
        value = self.value(h).unflatten(-1, (self.n_vectors, self.n_channels, 1))
        at = positions[:, :, None, None]
        summed = neighbour_sum(basis, torch.cat((value * at, value), dim=-1).flatten(-2), self.filters)
        summed = summed.unflatten(-1, (self.n_channels, 4))
        u1, u2, u3 = (summed[..., :3] - at * summed[..., 3:]).unbind(2)
        volume = (u1 * torch.linalg.cross(u2, u3)).sum(-1)
        size = (u1.square().sum(-1) * u2.square().sum(-1) * u3.square().sum(-1) + 1.0).sqrt()
        return h + self.mix(volume / size)


class InvariantNetwork(nn.Module):
    """Point features that do not change when the points turn or shift, but do when they are mirrored.

    Parameters
    ----------
    kinds : [n_points]
        Numbers from 0: points of one kind cannot be told apart. All frames share one molecule, so every
        point may have an identity of its own.
    n_features, n_layers, n_basis, n_heads, n_handed
        F, layers, radial functions, filters per layer, parity-odd channels; without any of these,
        mirror images look the same.
    cutoff
        Å.
    """

    kinds: Tensor

    def __init__(
        self,
        kinds: Tensor,
        n_features: int,
        n_layers: int,
        n_basis: int,
        n_heads: int,
        n_handed: int,
        cutoff: float,
    ) -> None:
        super().__init__()
        self.register_buffer("kinds", kinds, persistent=False)
        self.identity = nn.Parameter(torch.randn(int(kinds.max()) + 1, n_features))
        self.basis = RadialBasis(cutoff, n_basis)
        self.layers = messages(n_features, n_layers, n_basis, n_heads)
        self.handedness = Handedness(n_features, n_basis, n_handed) if n_handed else None

    def forward(self, positions: Tensor) -> list[Tensor]:
        """Features [batch, n_points, F] after every layer, for centred positions [batch, n_points, 3] (Å)."""
        with torch.no_grad():
            basis = self.basis(pair_distance(positions))
        h = self.identity[self.kinds].expand(len(positions), -1, -1)
        features = []
        for index, layer in enumerate(self.layers):
            h = layer(h, layer.weights(basis))
            if index == 0 and self.handedness is not None:
                h = self.handedness(h, positions, basis)
            features.append(h)
        return features
