"""Invariant message passing between atoms or beads."""

from collections.abc import Iterable
from typing import Annotated, ClassVar, Self, cast

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from cgbench.core.settings import AUTO, Settings
from cgbench.nn.dense import Linear, mlp
from cgbench.nn.radial import Pairs, RadialBasis, filter_matrix, neighbour_sum, pair_weights


class MessageSettings(Settings):
    """Settings of a network with message passing.

    Attributes
    ----------
    features
        Invariant channels per bead or atom.
    heads
        Radial filters per layer; must divide the numbers of channels.
    basis
        Radial basis functions.
    """

    divisible: ClassVar[tuple[str, ...]] = ("features",)  # settings that ``heads`` must divide

    features: Annotated[int, Field(ge=1)] = 64
    heads: Annotated[int, Field(ge=1)] = 8
    basis: Annotated[int, Field(ge=1)] = 8

    @model_validator(mode="after")
    def _heads_divide_channels(self) -> Self:
        sizes = {name: size for name in self.divisible if (size := getattr(self, name)) != AUTO}
        if any(size % self.heads for size in sizes.values()):
            listed = " and ".join(f"{name} ({size})" for name, size in sizes.items())
            raise ValueError(f"{listed} must be multiples of heads ({self.heads})")
        return self


class InvariantMessage(nn.Module):
    """One layer h_i += MLP(h_i, Σ_j φ(h_j) ∘ W(d_ij)) with one radial filter W per head."""

    def __init__(self, n_features: int, n_basis: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.normalise = nn.LayerNorm(n_features)
        self.value = Linear(n_features, n_features)
        self.filters = filter_matrix(n_basis, n_heads)
        self.update = mlp(2 * n_features, n_features, n_features)

    def weights(self, basis: Pairs) -> Pairs:
        """Return pair weights [batch, H, n, n] for a basis [batch, K, n, n], or the list of one."""
        return pair_weights(basis, self.filters)

    def forward(self, h: Tensor, weights: Pairs) -> Tensor:
        """Update features [batch, n, ..., F] with pair weights [batch, H, n, n]."""
        normalised = self.normalise(h)
        value = self.value(normalised).unflatten(-1, (self.n_heads, -1)).movedim(-2, 1)
        message = (weights @ value.flatten(3)).reshape(value.shape).movedim(1, -2).flatten(-2)
        return h + self.update(torch.cat((message, normalised), dim=-1))


def message_layers(n_features: int, n_layers: int, n_basis: int, n_heads: int) -> Iterable[InvariantMessage]:
    """Return a module list of message layers with random weights."""
    layers = nn.ModuleList(InvariantMessage(n_features, n_basis, n_heads) for _ in range(n_layers))
    return cast("Iterable[InvariantMessage]", layers)


class ChiralFeatures(nn.Module):
    """Pseudoscalars from triple products of learned vectors, which distinguish enantiomers.

    Distances are the same in mirror images. The three vectors u = Σ_j W(d_ij) y_j (x_j − x_i) of a channel
    give u1·(u2×u3), which changes sign under reflection.
    """

    n_vectors = 3

    def __init__(self, n_features: int, n_basis: int, n_channels: int) -> None:
        super().__init__()
        self.n_channels = n_channels
        self.value = Linear(n_features, self.n_vectors * n_channels)
        self.filters = filter_matrix(n_basis, self.n_vectors)
        self.mix = Linear(n_channels, n_features)

    def forward(self, h: Tensor, positions: Tensor, basis: Pairs) -> Tensor:
        """Add chiral features at positions [batch, n, 3] to features [batch, n, F]."""
        value = self.value(h).unflatten(-1, (self.n_vectors, self.n_channels, 1))
        x = positions[:, :, None, None]
        summed = neighbour_sum(basis, torch.cat((value * x, value), dim=-1).flatten(-2), self.filters)
        summed = summed.unflatten(-1, (self.n_channels, 4))
        u1, u2, u3 = (summed[..., :3] - x * summed[..., 3:]).unbind(2)
        volume = (u1 * torch.linalg.cross(u2, u3)).sum(-1)
        size = (u1.square().sum(-1) * u2.square().sum(-1) * u3.square().sum(-1) + 1.0).sqrt()
        return h + self.mix(volume / size)


class InvariantNetwork(nn.Module):
    """Point features that are invariant under rotation and translation, but not under reflection.

    Parameters
    ----------
    kinds : [n_points]
        Type of every point, numbered from 0; points of one type share an embedding.
    n_features, n_layers, n_basis, n_heads
        Channels F, layers, radial basis functions K and filters per layer H.
    n_handed
        Pseudoscalar channels; with 0 the features are invariant under reflection too.
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
        self.layers = message_layers(n_features, n_layers, n_basis, n_heads)
        self.handedness = ChiralFeatures(n_features, n_basis, n_handed) if n_handed else None

    def forward(self, positions: Tensor) -> list[Tensor]:
        """Compute features [batch, n, F] after every layer from centred positions [batch, n, 3] (Å)."""
        with torch.no_grad():
            basis = self.basis.of_pairs(positions)
        h = self.identity[self.kinds].expand(len(positions), -1, -1)
        features = []
        for index, layer in enumerate(self.layers):
            h = layer(h, layer.weights(basis))
            if index == 0 and self.handedness is not None:
                h = self.handedness(h, positions, basis)
            features.append(h)
        return features
