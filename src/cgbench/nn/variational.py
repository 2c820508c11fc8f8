"""Variational network with encoder q(z|x,X), prior p(z|X) and decoder p(x|X,z) of any architecture."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from cgbench.mapping.base import Mapping
from cgbench.nn.decoder import Decoder
from cgbench.nn.mapped_network import MappedNetwork
from cgbench.nn.training import TrainingSettings

Gaussian = tuple[Tensor, Tensor]  # mean and log of the standard deviation, [batch, n_beads, n_latent]

LOG_SIGMA_RANGE = (-6.0, 3.0)


class VariationalSettings(TrainingSettings):
    """Settings of the loss of a variational network.

    Attributes
    ----------
    bead_cutoff
        Å; every bead needs another bead within this distance.
    beta
        Weight of the KL divergence per coordinate, Å²; 2σ² for a target precision σ of the decoder.
    beta_warm_up
        Share of training in which β increases from zero.
    gamma
        Weight of the squared error of bonded and 1-3 distances.
    precision
        Precision of the products in dense layers during training. ``"bfloat16"`` speeds up wide networks
        several times on processors that support it.
    """

    bead_cutoff: Annotated[float, Field(gt=0)] = 9.5
    beta: Annotated[float, Field(ge=0)] = 0.005
    beta_warm_up: Annotated[float, Field(ge=0, le=1)] = 0.3
    gamma: Annotated[float, Field(ge=0)] = 1.0
    precision: Literal["float32", "bfloat16"] = "float32"

    @property
    def warm_up(self) -> float:
        """Share of training until learning rate and β have reached their full values."""
        return max(super().warm_up, self.beta_warm_up)

    def kl_weight(self, progress: float, n_atoms: int, n_beads: int) -> float:
        """Return the weight of the KL divergence per frame at a completed share of training."""
        return (
            self.beta / (3 * n_atoms) * min(1.0, progress / self.beta_warm_up if self.beta_warm_up else 1.0)
        )


class VariationalNetwork(MappedNetwork):
    """Encoder, prior and decoder with one latent vector per bead.

    Parameters
    ----------
    encoder
        Maps atoms, beads and bead features to features [batch, n_beads, F].
    prior
        Maps centred beads to the features of every layer; the last are used, [batch, n_beads, F].
    decoder
        Maps latents and beads to atoms.
    prior_head, posterior_head
        Map features [batch, n_beads, F], and concatenated features of encoder and prior, to mean and log
        standard deviation of the latents.
    """

    def __init__(
        self,
        mapping: Mapping,
        encoder: nn.Module,
        prior: nn.Module,
        decoder: Decoder,
        prior_head: nn.Module,
        posterior_head: nn.Module,
    ) -> None:
        super().__init__(mapping)
        self.encoder = encoder
        self.bead_features = prior
        self.prior_head = prior_head
        self.posterior_head = posterior_head
        self.decoder = decoder

    def set_precision(self, dtype: torch.dtype) -> None:
        """Cast to ``dtype``; M is cast from float64, because weights rounded to float32 do not sum to 1."""
        super().set_precision(dtype)
        self.decoder.matrix = self.matrix

    def prior(self, beads: Tensor) -> tuple[Gaussian, Tensor]:
        """Return p(z|X) for beads [batch, n_beads, 3] and the bead features [batch, n_beads, F]."""
        features = self.bead_features(beads - beads.mean(1, keepdim=True))[-1]
        return gaussian(self.prior_head(features)), features

    def posterior(self, positions: Tensor, beads: Tensor, prior: Gaussian, bead_features: Tensor) -> Gaussian:
        """Return q(z|x,X) relative to the prior: mean and log standard deviation of (z − μ_p)/σ_p."""
        features = torch.cat((self.encoder(positions, beads, bead_features), bead_features), dim=-1)
        return gaussian(self.posterior_head(features))

    def decode(self, relative: Tensor, prior: Gaussian, beads: Tensor) -> Tensor:
        """Decode latents relative to the prior, (z − μ_p)/σ_p, to [batch, n_atoms, 3] (Å)."""
        mean, log_sigma = prior
        geometry: Tensor = self.decoder(mean + log_sigma.exp() * relative, beads)
        return geometry


def gaussian(outputs: Tensor) -> Gaussian:
    """Split outputs [batch, n_beads, 2 n_latent] into mean and bounded log standard deviation."""
    mean, log_sigma = outputs.chunk(2, dim=-1)
    return mean, log_sigma.clamp(*LOG_SIGMA_RANGE)


def kl_divergence(relative: Gaussian) -> Tensor:
    """Compute KL(N(mean, exp(log_ratio)²) ‖ N(0, 1)) per frame, [batch], in nats."""
    mean, log_ratio = relative
    return (0.5 * (mean.square() + (2 * log_ratio).exp() - 1.0) - log_ratio).sum((1, 2))
