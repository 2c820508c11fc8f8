"""The variational network: encoder q(z|x,X), prior p(z|X), decoder p(x|X,z), whatever they are made of."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from cgbench.mapping.base import Mapping
from cgbench.nn.decoder import Decoder
from cgbench.nn.training import TrainingSettings

Gaussian = tuple[Tensor, Tensor]  # mean and log of the standard deviation, [batch, n_beads, n_latent]

LOG_SIGMA_RANGE = (-6.0, 3.0)


class VariationalSettings(TrainingSettings):
    """What the loss of a variational network is made of, whatever the network is.

    Attributes
    ----------
    bead_cutoff
        Å; a bead that has no other within it cannot be decoded.
    beta
        Weight of the KL divergence per coordinate, Å²; 2σ² for a target precision of σ.
    beta_warm_up
        Share of training over which β rises from zero.
    gamma, gamma_prior
        Weight of squared errors of bonded and 1-3 distances, of geometries decoded from the
        posterior and from the prior.
    posterior
        Whether a reconstruction decodes the mean of the posterior or one draw from it.
    """

    bead_cutoff: Annotated[float, Field(gt=0)] = 9.5
    beta: Annotated[float, Field(ge=0)] = 0.005
    beta_warm_up: Annotated[float, Field(ge=0, le=1)] = 0.3
    gamma: Annotated[float, Field(ge=0)] = 1.0
    gamma_prior: Annotated[float, Field(ge=0)] = 1.0
    posterior: Literal["mean", "sample"] = "mean"

    @property
    def warm_up(self) -> float:
        """Share of training until β has its full weight; before, validation by the full β means little."""
        return max(super().warm_up, self.beta_warm_up)

    def kl_weight(self, progress: float, n_atoms: int, n_beads: int) -> float:
        """Weight of the KL divergence of a frame, summed over its beads, when so much of training is over."""
        return (
            self.beta / (3 * n_atoms) * min(1.0, progress / self.beta_warm_up if self.beta_warm_up else 1.0)
        )


class VariationalNetwork(nn.Module):
    """Encoder, prior and decoder around one latent vector per bead.

    Parameters
    ----------
    encoder
        From atoms, beads and bead features to features [batch, n_beads, F].
    prior
        From centred beads to features after every layer, the last of them [batch, n_beads, F].
    decoder
        From latents and beads to atoms.
    prior_head, posterior_head
        From features [batch, n_beads, F], and from those of encoder and prior side by side, to mean and
        log standard deviation of the latents.
    """

    matrix: Tensor

    def __init__(
        self,
        mapping: Mapping,
        encoder: nn.Module,
        prior: nn.Module,
        decoder: Decoder,
        prior_head: nn.Module,
        posterior_head: nn.Module,
    ) -> None:
        super().__init__()
        self.mapping = mapping
        self.register_buffer("matrix", torch.as_tensor(mapping.matrix, dtype=torch.float32), persistent=False)
        self.encoder = encoder
        self.bead_features = prior
        self.prior_head = prior_head
        self.posterior_head = posterior_head
        self.decoder = decoder

    def set_precision(self, dtype: torch.dtype) -> None:
        """Cast to ``dtype``, the mapping's weights in full: cast from float32 they would not sum to 1."""
        self.to(dtype)
        self.matrix = self.decoder.matrix = torch.as_tensor(self.mapping.matrix).to(self.matrix)

    def prior(self, beads: Tensor) -> tuple[Gaussian, Tensor]:
        """p(z|X) for beads [batch, n_beads, 3], with the bead features it was read from."""
        features = self.bead_features(beads - beads.mean(1, keepdim=True))[-1]
        return gaussian(self.prior_head(features)), features

    def posterior(self, positions: Tensor, beads: Tensor, prior: Gaussian, bead_features: Tensor) -> Gaussian:
        """q(z|x,X) in units of the prior: mean and log standard deviation of (z − μ_p)/σ_p."""
        seen = torch.cat((self.encoder(positions, beads, bead_features), bead_features), dim=-1)
        return gaussian(self.posterior_head(seen))

    def decode(self, relative: Tensor, prior: Gaussian, beads: Tensor) -> Tensor:
        """Decode latents given in units of the prior to [batch, n_atoms, 3]."""
        mean, log_sigma = prior
        geometry: Tensor = self.decoder(mean + log_sigma.exp() * relative, beads)
        return geometry


def gaussian(numbers: Tensor) -> Gaussian:
    """Read a Gaussian from what a head [batch, n_beads, 2 n_latent] says."""
    mean, log_sigma = numbers.chunk(2, dim=-1)
    return mean, log_sigma.clamp(*LOG_SIGMA_RANGE)


def kl_divergence(relative: Gaussian) -> Tensor:
    """KL of N(mean, exp(log_ratio)²) from N(0, 1), summed over beads and latents: [batch], nats."""
    mean, log_ratio = relative
    return (0.5 * (mean.square() + (2 * log_ratio).exp() - 1.0) - log_ratio).sum((1, 2))
