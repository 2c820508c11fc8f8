"""Encoder, prior and network of the published CGVAE (arXiv 2201.12176).

The equations are those of the paper, factorised over dense batches. Left out is what the published code
computes without effect: the vectors of encoder and prior, and those filters of the decoder with a factor that
is zero in a layer (V and V̄ start at zero) or with a result that no later layer uses.
"""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from cgbench.chem.molecule import Molecule
from cgbench.mapping.base import Mapping
from cgbench.nn.dense import mlp
from cgbench.nn.mapped_network import mapping_matrix, membership_matrix
from cgbench.nn.published_decoder import PublishedDecoder, xavier_filters, xavier_mlp
from cgbench.nn.radial import RadialBasis, channel_sum, pair_distance
from cgbench.nn.variational import Gaussian, VariationalNetwork, VariationalSettings, gaussian

POOLING_CUTOFF = 20.0  # Å, between an atom and its bead


class PublishedSettings(VariationalSettings):
    """Settings of the published CGVAE; the defaults are those for alanine dipeptide.

    Attributes
    ----------
    features
        Channels of all features and latents; must be at least the number of atoms of every bead.
    basis
        Radial basis functions.
    encoder_layers
        Message passing layers of encoder and prior.
    decoder_layers
        Message passing layers of the decoder.
    atom_cutoff
        Å.
    beta
        Weight of the mean KL divergence per bead.
    """

    features: Annotated[int, Field(ge=1)] = 600
    basis: Annotated[int, Field(ge=1)] = 8
    encoder_layers: Annotated[int, Field(ge=1)] = 4
    decoder_layers: Annotated[int, Field(ge=1)] = 5
    atom_cutoff: Annotated[float, Field(gt=0)] = 8.5
    batch_size: Annotated[int, Field(ge=1)] = 32
    learning_rate: Annotated[float, Field(gt=0)] = 8e-5
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    gradient_clip: Annotated[float, Field(gt=0)] = 0.01
    beta: Annotated[float, Field(ge=0)] = 0.05
    beta_warm_up: Annotated[float, Field(ge=0, le=1)] = 0.0
    gamma: Annotated[float, Field(ge=0)] = 25.0

    def kl_weight(self, progress: float, n_atoms: int, n_beads: int) -> float:
        """Return the weight of the KL divergence per frame: β for its mean over the beads."""
        return super().kl_weight(progress, n_atoms, n_beads) * 3 * n_atoms / n_beads


class ScalarMessage(nn.Module):
    """One layer h_i += Σ_j φ(h_j)∘W(d_ij) with one radial filter per channel."""

    def __init__(self, n_features: int, n_basis: int) -> None:
        super().__init__()
        self.value = xavier_mlp(n_features, n_features, n_features)
        self.filters = xavier_filters(n_basis, n_features)

    def forward(self, h: Tensor, basis: Tensor) -> Tensor:
        """Update features [batch, n, F] or [n, F] (the same in all frames) with a basis [batch, K, n, n]."""
        return h + channel_sum(basis, self.value(h), self.filters)


class Pooling(nn.Module):
    """Pooling of atom features to beads: Σ_{i in I} φ'(h_i)∘W'(|x_i − X_I|)."""

    def __init__(self, n_features: int, n_basis: int) -> None:
        super().__init__()
        self.value = xavier_mlp(n_features, n_features, n_features)
        self.filters = xavier_filters(n_basis, n_features)

    def forward(self, h: Tensor, basis: Tensor, members: Tensor) -> Tensor:
        """Pool features [batch, n, F] with a basis [batch, n, K] by the matrix [N, n] to [batch, N, F]."""
        return members @ (self.value(h) * (basis @ self.filters))


class PublishedEncoder(nn.Module):
    """Scalar messages between atoms, embedded by element and pooled to beads after every layer.

    Parameters
    ----------
    bead_index : [n_atoms]
        Bead of every atom.
    elements : [n_atoms]
        Elements, numbered from 0.
    n_features, n_layers, n_basis, cutoff
        Channels F, layers, radial basis functions K, and the cutoff in Å.
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
        members = membership_matrix(bead_index).to_dense()
        for name, buffer in (("bead_index", bead_index), ("elements", elements), ("members", members)):
            self.register_buffer(name, buffer, persistent=False)
        self.embedding = nn.Parameter(torch.randn(int(elements.max()) + 1, n_features))
        self.basis = RadialBasis(cutoff, n_basis)
        self.to_bead = RadialBasis(POOLING_CUTOFF, n_basis)
        self.layers = nn.ModuleList(ScalarMessage(n_features, n_basis) for _ in range(n_layers))
        self.poolings = nn.ModuleList(Pooling(n_features, n_basis) for _ in range(n_layers))

    def forward(self, positions: Tensor, beads: Tensor, bead_features: Tensor) -> Tensor:
        """Encode frames [batch, n_atoms, 3] to [batch, n_beads, F]; bead features are not used."""
        with torch.no_grad():
            basis = self.basis(pair_distance(positions))
            offset = positions - beads[:, self.bead_index]
            to_bead = self.to_bead(offset.square().sum(-1).sqrt()).transpose(1, 2)
        h = self.embedding[self.elements]
        H = torch.empty(0)
        for index, (layer, pooling) in enumerate(zip(self.layers, self.poolings, strict=True)):
            h = layer(h, basis)
            if index == 0:
                H = (self.members / self.members.sum(1, keepdim=True)) @ h
            H = H + pooling(h, to_bead, self.members)
        return H


class PublishedPrior(nn.Module):
    """Scalar messages between beads, each with its own embedding."""

    def __init__(self, n_beads: int, n_features: int, n_layers: int, n_basis: int, cutoff: float) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.randn(n_beads, n_features))
        self.basis = RadialBasis(cutoff, n_basis)
        self.layers = nn.ModuleList(ScalarMessage(n_features, n_basis) for _ in range(n_layers))

    def forward(self, positions: Tensor) -> list[Tensor]:
        """Compute features [batch, n_beads, F] after every layer from beads [batch, n_beads, 3] (Å)."""
        with torch.no_grad():
            basis = self.basis(pair_distance(positions))
        h = self.embedding
        features = []
        for layer in self.layers:
            h = layer(h, basis)
            features.append(h)
        return features


class GaussianHead(nn.Module):
    """Mean and log σ = log σ² / 2 by one two-layer perceptron each."""

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.mean = mlp(n_features, n_features, n_features)
        self.log_variance = mlp(n_features, n_features, n_features)

    def forward(self, features: Tensor) -> Tensor:
        """Return mean and log σ concatenated: [batch, n_beads, 2F]."""
        return torch.cat((self.mean(features), 0.5 * self.log_variance(features)), dim=-1)


class PublishedNetwork(VariationalNetwork):
    """Encoder, prior and decoder as published, with F latents per bead and an absolute posterior.

    Parameters
    ----------
    settings
        Settings of the published CGVAE.
    """

    def __init__(self, mapping: Mapping, molecule: Molecule, settings: PublishedSettings) -> None:
        s = settings
        bead_index = torch.as_tensor(mapping.bead_index)
        matrix = mapping_matrix(mapping).float()
        elements = torch.as_tensor(molecule.element_index)
        super().__init__(
            mapping,
            PublishedEncoder(bead_index, elements, s.features, s.encoder_layers, s.basis, s.atom_cutoff),
            PublishedPrior(mapping.n_beads, s.features, s.encoder_layers, s.basis, s.bead_cutoff),
            PublishedDecoder(bead_index, matrix, s.features, s.decoder_layers, s.basis, s.bead_cutoff),
            GaussianHead(s.features),
            GaussianHead(s.features),
        )

    def posterior(self, positions: Tensor, beads: Tensor, prior: Gaussian, bead_features: Tensor) -> Gaussian:
        """Return q(z|x,X) relative to the prior: mean and log standard deviation of (z − μ_p)/σ_p."""
        mean, log_sigma = gaussian(self.posterior_head(self.encoder(positions, beads, bead_features)))
        prior_mean, prior_log_sigma = prior
        return (mean - prior_mean) * (-prior_log_sigma).exp(), log_sigma - prior_log_sigma
