"""The variational network: encoder q(z|x,X), prior p(z|X), decoder p(x|X,z), whatever they are made of."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from cgbench.chem.molecule import Molecule
from cgbench.mapping.base import Mapping
from cgbench.nn.decoder import Decoder
from cgbench.nn.latent_flow import LatentFlow
from cgbench.nn.mapping_module import MappedNetwork
from cgbench.nn.refinement import relax
from cgbench.nn.restraints import Bounds
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
    gamma
        Weight of squared errors of bonded and 1-3 distances.
    precision
        Precision in which dense layers multiply in training. ``"bfloat16"`` makes wide networks several
        times as fast, on processors that have it.
    relaxation
        Steps by which a decoded geometry is brought within the distances and the handedness of the
        training frames; with 0 it stays as the decoder wrote it.
    """

    bead_cutoff: Annotated[float, Field(gt=0)] = 9.5
    beta: Annotated[float, Field(ge=0)] = 0.005
    beta_warm_up: Annotated[float, Field(ge=0, le=1)] = 0.3
    gamma: Annotated[float, Field(ge=0)] = 1.0
    precision: Literal["float32", "bfloat16"] = "float32"
    relaxation: Annotated[int, Field(ge=0)] = 20

    @property
    def warm_up(self) -> float:
        """Share of training until β has its full weight; before, validation by the full β means little."""
        return max(super().warm_up, self.beta_warm_up)

    def kl_weight(self, progress: float, n_atoms: int, n_beads: int) -> float:
        """Weight of the KL divergence of a frame, summed over its beads, when so much of training is over."""
        return (
            self.beta / (3 * n_atoms) * min(1.0, progress / self.beta_warm_up if self.beta_warm_up else 1.0)
        )


class VariationalNetwork(MappedNetwork):
    """Encoder, prior and decoder around one latent vector per bead.

    Parameters
    ----------
    mapping, molecule
        M, and what the atoms are.
    encoder
        From atoms, beads and bead features to features [batch, n_beads, F].
    prior
        From centred beads to features after every layer, the last of them [batch, n_beads, F].
    decoder
        From latents and beads to atoms.
    prior_head, posterior_head
        From features [batch, n_beads, F], and from those of encoder and prior side by side, to mean and
        log standard deviation of the latents.
    n_features
        F, where local coordinates of the atoms go into the encoder with the bead features; else 0.
    flow
        What takes the place of the Gaussian prior once encoder and decoder are fitted, or None. The
        Gaussian is N(0, 1) then, so that the flow finds latents of about unit variance.
    """

    def __init__(
        self,
        mapping: Mapping,
        molecule: Molecule,
        encoder: nn.Module,
        prior: nn.Module,
        decoder: Decoder,
        prior_head: nn.Module,
        posterior_head: nn.Module,
        n_features: int = 0,
        flow: LatentFlow | None = None,
    ) -> None:
        super().__init__(mapping)
        self.bounds = Bounds(molecule)
        self.encoder = encoder
        self.bead_features = prior
        self.prior_head = prior_head
        self.posterior_head = posterior_head
        self.decoder = decoder
        self.flow = flow
        if flow is not None:
            prior_head.requires_grad_(False)  # and it says zero, to begin with
        self.local_features: nn.Parameter | None = None
        if decoder.local is not None and n_features:
            shape = (mapping.n_beads, decoder.local.width, n_features)
            self.local_features = nn.Parameter(torch.randn(shape) / decoder.local.width**0.5)

    @torch.no_grad()
    def start_from(self, positions: Tensor, combination: Tensor) -> None:
        """Begin with what is known of training frames [n_frames, n_atoms, 3] in closed form."""
        self.bounds.measure(positions)
        beads = self.matrix @ positions
        if self.decoder.combination is not None:
            self.decoder.combination.copy_(combination)
        if self.decoder.local is not None:
            index = self.mapping.bead_index
            self.decoder.local.frames.choose(beads.numpy(), (positions - beads[:, index]).numpy(), index)
            self.decoder.local.start_from(self.decoder.rows(positions, beads))
        if self.flow is not None:
            self.flow.start_from(beads)

    def set_precision(self, dtype: torch.dtype) -> None:
        """Cast to ``dtype``, the mapping's weights in full: cast from float32 they would not sum to 1."""
        super().set_precision(dtype)
        self.decoder.matrix = self.matrix

    def prior(self, beads: Tensor) -> tuple[Gaussian, Tensor]:
        """p(z|X) for beads [batch, n_beads, 3], with the bead features it was read from."""
        features = self.bead_features(beads - beads.mean(1, keepdim=True))[-1]
        return gaussian(self.prior_head(features)), features

    def posterior(self, positions: Tensor, beads: Tensor, prior: Gaussian, bead_features: Tensor) -> Gaussian:
        """q(z|x,X) in units of the prior: mean and log standard deviation of (z − μ_p)/σ_p."""
        local = self.decoder.local
        if local is None:
            seen = torch.cat((self.encoder(positions, beads, bead_features), bead_features), dim=-1)
            return gaussian(self.posterior_head(seen))
        rows = self.decoder.rows(positions, beads)
        known = bead_features
        if self.local_features is not None:
            known = known + (rows @ self.local_features).transpose(0, 1)
        seen = torch.cat((self.encoder(positions, beads, known), bead_features), dim=-1)
        mean, log_ratio = gaussian(self.posterior_head(seen))
        # The principal components are the posterior's mean to begin with, whatever the prior says.
        return mean + (local.encode(rows) - prior[0]) * (-prior[1]).exp(), log_ratio

    def decode(self, relative: Tensor, prior: Gaussian, beads: Tensor) -> Tensor:
        """Decode latents given in units of the prior to [batch, n_atoms, 3]."""
        mean, log_sigma = prior
        geometry: Tensor = self.decoder(mean + log_sigma.exp() * relative, beads)
        return geometry

    def backmap(self, relative: Tensor, prior: Gaussian, beads: Tensor, relaxation: int) -> Tensor:
        """Decode, and bring what was decoded within bounds: the network as it is used once it is trained."""
        decoded, bead_index = self.decode(relative, prior, beads), self.decoder.bead_index
        return relax(decoded, beads, self.bounds, self.matrix, bead_index, relaxation)


def gaussian(numbers: Tensor) -> Gaussian:
    """Read a Gaussian from what a head [batch, n_beads, 2 n_latent] says."""
    mean, log_sigma = numbers.chunk(2, dim=-1)
    return mean, log_sigma.clamp(*LOG_SIGMA_RANGE)


def kl_divergence(relative: Gaussian) -> Tensor:
    """KL of N(mean, exp(log_ratio)²) from N(0, 1), summed over beads and latents: [batch], nats."""
    mean, log_ratio = relative
    return (0.5 * (mean.square() + (2 * log_ratio).exp() - 1.0) - log_ratio).sum((1, 2))
