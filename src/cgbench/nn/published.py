"""The networks of the published CGVAE (arXiv 2201.12176): what this package's own are compared with.

They compute what the paper says, factorised over dense batches, and leave out what its code computes
and never reads: the vectors of encoder and prior, and those filters of the decoder whose factor is still
zero in a layer (V and V̄ start at zero) or whose product is read by no later one.
"""

import torch
from torch import Tensor, nn

from cgbench.chem.molecule import Molecule
from cgbench.mapping.base import Mapping
from cgbench.nn.invariant import mlp
from cgbench.nn.mapping_module import members_of
from cgbench.nn.published_decoder import PublishedDecoder, filters, xavier_mlp
from cgbench.nn.radial import RadialBasis, channel_sum, pair_distance
from cgbench.nn.variational import Gaussian, VariationalNetwork, gaussian

POOLING_CUTOFF = 20.0  # Å, between an atom and its bead


class ScalarMessage(nn.Module):
    """One layer h_i += Σ_j φ(h_j)∘W(d_ij), with a radial filter for every channel."""

    def __init__(self, n_features: int, n_basis: int) -> None:
        super().__init__()
        self.value = xavier_mlp(n_features, n_features, n_features)
        self.filters = filters(n_basis, n_features)

    def forward(self, h: Tensor, basis: Tensor) -> Tensor:
        """Update features [batch, n, F], or [n, F] of all the batch, with basis [batch, K, n, n]."""
        return h + channel_sum(basis, self.value(h), self.filters)


class Pooling(nn.Module):
    """What atoms tell their bead after a layer: Σ_{i in I} φ'(h_i)∘W'(|x_i − X_I|)."""

    def __init__(self, n_features: int, n_basis: int) -> None:
        super().__init__()
        self.value = xavier_mlp(n_features, n_features, n_features)
        self.filters = filters(n_basis, n_features)

    def forward(self, h: Tensor, basis: Tensor, members: Tensor) -> Tensor:
        """Sum features [batch, n, F] with basis [batch, n, K] over members [N, n] to [batch, N, F]."""
        return members @ (self.value(h) * (basis @ self.filters))


class PublishedEncoder(nn.Module):
    """Scalar messages between atoms that are told apart by element, pooled to beads after every layer.

    Parameters
    ----------
    bead_index : [n_atoms]
    elements : [n_atoms]
        Elements, numbered from 0.
    n_features, n_layers, n_basis, cutoff
        F, layers, radial functions, Å.
    """

    bead_index: Tensor
    elements: Tensor
    members: Tensor

    def __init__(
        self,
        bead_index: Tensor,
        elements: Tensor,
        n_features: int,
        n_layers: int,
        n_basis: int,
        cutoff: float,
    ) -> None:
        super().__init__()
        members = members_of(bead_index)
        for name, buffer in (("bead_index", bead_index), ("elements", elements), ("members", members)):
            self.register_buffer(name, buffer, persistent=False)
        self.embedding = nn.Parameter(torch.randn(int(elements.max()) + 1, n_features))
        self.basis = RadialBasis(cutoff, n_basis)
        self.to_bead = RadialBasis(POOLING_CUTOFF, n_basis)
        self.layers = nn.ModuleList(ScalarMessage(n_features, n_basis) for _ in range(n_layers))
        self.poolings = nn.ModuleList(Pooling(n_features, n_basis) for _ in range(n_layers))

    def forward(self, positions: Tensor, beads: Tensor, bead_features: Tensor) -> Tensor:
        """Features [batch, n_beads, F] of frames [batch, n_atoms, 3]; the beads' are not looked at."""
        with torch.no_grad():
            basis = self.basis(pair_distance(positions))
            offset = positions - beads[:, self.bead_index]
            to_bead = self.to_bead(offset.square().sum(-1).sqrt()).transpose(1, 2)
        h = self.embedding[self.elements]
        H: Tensor | None = None
        for layer, pooling in zip(self.layers, self.poolings, strict=True):
            h = layer(h, basis)
            if H is None:
                H = (self.members / self.members.sum(1, keepdim=True)) @ h
            H = H + pooling(h, to_bead, self.members)
        assert H is not None
        return H


class PublishedPrior(nn.Module):
    """The encoder's messages between beads, each with an embedding of its own."""

    def __init__(self, n_beads: int, n_features: int, n_layers: int, n_basis: int, cutoff: float) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.randn(n_beads, n_features))
        self.basis = RadialBasis(cutoff, n_basis)
        self.layers = nn.ModuleList(ScalarMessage(n_features, n_basis) for _ in range(n_layers))

    def forward(self, positions: Tensor) -> list[Tensor]:
        """Features [batch, n_beads, F] after every layer, for beads [batch, n_beads, 3] (Å)."""
        with torch.no_grad():
            basis = self.basis(pair_distance(positions))
        h = self.embedding
        features = []
        for layer in self.layers:
            h = layer(h, basis)
            features.append(h)
        return features


class GaussianHead(nn.Module):
    """Mean and log σ = log σ² / 2, by a two-layer perceptron each."""

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.mean = mlp(n_features, n_features, n_features)
        self.log_variance = mlp(n_features, n_features, n_features)

    def forward(self, features: Tensor) -> Tensor:
        """Both, one behind the other: [batch, n_beads, 2F]."""
        return torch.cat((self.mean(features), 0.5 * self.log_variance(features)), dim=-1)


class PublishedNetwork(VariationalNetwork):
    """Encoder, prior and decoder as published: latents are as wide as features, the posterior absolute.

    Parameters
    ----------
    mapping, molecule
        M, and what the atoms are.
    n_features, n_basis
        F and radial functions.
    encoder_layers, decoder_layers
        Layers of encoder and prior, and of the decoder.
    atom_cutoff, bead_cutoff
        Å.
    """

    def __init__(
        self,
        mapping: Mapping,
        molecule: Molecule,
        n_features: int,
        n_basis: int,
        encoder_layers: int,
        decoder_layers: int,
        atom_cutoff: float,
        bead_cutoff: float,
    ) -> None:
        bead_index = torch.as_tensor(mapping.bead_index)
        matrix = torch.as_tensor(mapping.matrix, dtype=torch.float32)
        elements = torch.as_tensor(molecule.element_index)
        super().__init__(
            mapping,
            molecule,
            PublishedEncoder(bead_index, elements, n_features, encoder_layers, n_basis, atom_cutoff),
            PublishedPrior(mapping.n_beads, n_features, encoder_layers, n_basis, bead_cutoff),
            PublishedDecoder(bead_index, matrix, n_features, decoder_layers, n_basis, bead_cutoff),
            GaussianHead(n_features),
            GaussianHead(n_features),
        )

    def posterior(self, positions: Tensor, beads: Tensor, prior: Gaussian, bead_features: Tensor) -> Gaussian:
        """q(z|x,X) in units of the prior, so that whatever uses it need not know how it is written."""
        mean, log_sigma = gaussian(self.posterior_head(self.encoder(positions, beads, bead_features)))
        prior_mean, prior_log_sigma = prior
        return (mean - prior_mean) * (-prior_log_sigma).exp(), log_sigma - prior_log_sigma
