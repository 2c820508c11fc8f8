"""The variational network: encoder q(z|x,X), prior p(z|X), decoder p(x|X,z), whatever they are made of."""

import torch
from torch import Tensor, nn

from cgbench.mapping.base import Mapping
from cgbench.nn.decoder import Decoder
from cgbench.nn.invariant import InvariantNetwork, mlp

Gaussian = tuple[Tensor, Tensor]  # mean and log of the standard deviation, [batch, n_beads, n_latent]

LOG_SIGMA_RANGE = (-6.0, 3.0)


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
    n_features, n_latent
        F and latent numbers per bead.
    """

    matrix: Tensor

    def __init__(
        self,
        mapping: Mapping,
        encoder: nn.Module,
        prior: InvariantNetwork,
        decoder: Decoder,
        n_features: int,
        n_latent: int,
    ) -> None:
        super().__init__()
        self.mapping = mapping
        self.register_buffer("matrix", torch.as_tensor(mapping.matrix, dtype=torch.float32), persistent=False)
        self.encoder = encoder
        self.bead_features = prior
        self.prior_head = mlp(n_features, n_features, 2 * n_latent)
        self.posterior_head = mlp(2 * n_features, 2 * n_features, 2 * n_latent)
        self.decoder = decoder

    def set_precision(self, dtype: torch.dtype) -> None:
        """Cast to ``dtype``, the mapping's weights in full: cast from float32 they would not sum to 1."""
        self.to(dtype)
        self.matrix = self.decoder.matrix = torch.as_tensor(self.mapping.matrix).to(self.matrix)

    def prior(self, beads: Tensor) -> tuple[Gaussian, Tensor]:
        """p(z|X) for beads [batch, n_beads, 3], with the bead features it was read from."""
        features = self.bead_features(beads - beads.mean(1, keepdim=True))[-1]
        mean, log_sigma = self.prior_head(features).chunk(2, dim=-1)
        return (mean, log_sigma.clamp(*LOG_SIGMA_RANGE)), features

    def posterior(self, positions: Tensor, beads: Tensor, bead_features: Tensor) -> Gaussian:
        """q(z|x,X) in units of the prior: mean and log standard deviation of (z − μ_p)/σ_p."""
        seen = torch.cat((self.encoder(positions, beads, bead_features), bead_features), dim=-1)
        mean, log_ratio = self.posterior_head(seen).chunk(2, dim=-1)
        return mean, log_ratio.clamp(*LOG_SIGMA_RANGE)

    def decode(self, relative: Tensor, prior: Gaussian, beads: Tensor) -> Tensor:
        """Decode latents given in units of the prior to [batch, n_atoms, 3]."""
        mean, log_sigma = prior
        geometry: Tensor = self.decoder(mean + log_sigma.exp() * relative, beads)
        return geometry


def kl_divergence(relative: Gaussian) -> Tensor:
    """KL of N(mean, exp(log_ratio)²) from N(0, 1), summed over beads and latents: [batch], nats."""
    mean, log_ratio = relative
    return (0.5 * (mean.square() + (2 * log_ratio).exp() - 1.0) - log_ratio).sum((1, 2))
