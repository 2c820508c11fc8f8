"""Variational network with encoder q(z|x,X), prior p(z|X) and decoder p(x|X,z) of any architecture."""

from typing import Annotated, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from cgbench.chem.molecule import Molecule
from cgbench.core.chunking import row_chunks
from cgbench.core.training_context import TrainingContext
from cgbench.mapping.base import Mapping
from cgbench.nn.decoder import Decoder
from cgbench.nn.latent_flow import FlowSettings, LatentFlow
from cgbench.nn.mapped_network import MappedNetwork
from cgbench.nn.refinement import refine
from cgbench.nn.restraints import Restraints
from cgbench.nn.training import Positions, Terms, TrainingSettings, train_network

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
        Weight of the squared errors of bonded and 1-3 distances.
    precision
        Precision of the products in dense layers during training. ``"bfloat16"`` speeds up wide networks
        several times on processors that support it.
    relaxation
        Steps of geometry refinement of decoded geometries; 0 switches it off.
    """

    bead_cutoff: Annotated[float, Field(gt=0)] = 9.5
    beta: Annotated[float, Field(ge=0)] = 0.005
    beta_warm_up: Annotated[float, Field(ge=0, le=1)] = 0.3
    gamma: Annotated[float, Field(ge=0)] = 1.0
    precision: Literal["float32", "bfloat16"] = "float32"
    relaxation: Annotated[int, Field(ge=0)] = 20

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
    mapping, molecule
        CG mapping and topology.
    encoder
        Maps atoms, beads and bead features to features [batch, n_beads, F].
    prior
        Maps centred beads to the features of every layer; the last are used, [batch, n_beads, F].
    decoder
        Maps latents and beads to atoms.
    prior_head, posterior_head
        Map features [batch, n_beads, F], and concatenated features of encoder and prior, to mean and log
        standard deviation of the latents.
    n_features
        F if the local coordinates of the atoms are added to the bead features of the encoder; else 0.
    flow
        Flow that replaces the Gaussian prior after training, or None. With a flow the Gaussian is fixed at
        N(0, 1), so that the latents have about unit variance.
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
        self.bounds = Restraints(molecule)
        self.encoder = encoder
        self.bead_features = prior
        self.prior_head = prior_head
        self.posterior_head = posterior_head
        self.decoder = decoder
        self.flow = flow
        if flow is not None:
            prior_head.requires_grad_(False)  # its initial output is zero
        self.local_features: nn.Parameter | None = None
        if decoder.local is not None and n_features:
            shape = (mapping.n_beads, decoder.local.width, n_features)
            self.local_features = nn.Parameter(torch.randn(shape) / decoder.local.width**0.5)

    @torch.no_grad()
    def initialise(self, positions: Tensor, combination: Tensor) -> None:
        """Set the closed-form parts: restraints, linear combination, local frames and components.

        Parameters
        ----------
        positions : [n_frames, n_atoms, 3]
            Training frames, Å.
        combination : [n_atoms, n_beads]
            Least-squares matrix from beads to atoms.
        """
        self.bounds.fit(positions)
        beads = self.matrix @ positions
        if self.decoder.combination is not None:
            self.decoder.combination.copy_(combination)
        if self.decoder.local is not None:
            index = self.mapping.bead_index
            offsets = positions - beads[:, index]
            self.decoder.local.frames.choose_neighbours(beads.numpy(), offsets.numpy(), index)
            self.decoder.local.fit_components(self.decoder.local_residual(positions, beads))
        if self.flow is not None:
            self.flow.fit_normalisation(beads)

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
        local = self.decoder.local
        if local is None:
            features = torch.cat((self.encoder(positions, beads, bead_features), bead_features), dim=-1)
            return gaussian(self.posterior_head(features))
        rows = self.decoder.local_residual(positions, beads)
        encoder_input = bead_features
        if self.local_features is not None:
            encoder_input = encoder_input + (rows @ self.local_features).transpose(0, 1)
        features = torch.cat((self.encoder(positions, beads, encoder_input), bead_features), dim=-1)
        mean, log_ratio = gaussian(self.posterior_head(features))
        # The initial posterior mean is the principal components, for any prior.
        return mean + (local.encode(rows) - prior[0]) * (-prior[1]).exp(), log_ratio

    def decode(self, relative: Tensor, prior: Gaussian, beads: Tensor) -> Tensor:
        """Decode latents relative to the prior, (z − μ_p)/σ_p, to [batch, n_atoms, 3] (Å)."""
        mean, log_sigma = prior
        geometry: Tensor = self.decoder(mean + log_sigma.exp() * relative, beads)
        return geometry

    def backmap(self, relative: Tensor, prior: Gaussian, beads: Tensor, relaxation: int) -> Tensor:
        """Decode latents relative to the prior and refine the geometries in ``relaxation`` steps."""
        decoded, bead_index = self.decode(relative, prior, beads), self.decoder.bead_index
        return refine(decoded, beads, self.bounds, self.matrix, bead_index, relaxation)


def gaussian(outputs: Tensor) -> Gaussian:
    """Split outputs [batch, n_beads, 2 n_latent] into mean and bounded log standard deviation."""
    mean, log_sigma = outputs.chunk(2, dim=-1)
    return mean, log_sigma.clamp(*LOG_SIGMA_RANGE)


def kl_divergence(relative: Gaussian) -> Tensor:
    """Compute KL(N(mean, exp(log_ratio)²) ‖ N(0, 1)) per frame, [batch], in nats."""
    mean, log_ratio = relative
    return (0.5 * (mean.square() + (2 * log_ratio).exp() - 1.0) - log_ratio).sum((1, 2))


def fit_flow_prior(
    network: VariationalNetwork,
    train: Positions,
    valid: Positions,
    settings: FlowSettings,
    context: TrainingContext,
) -> None:
    """Fit the flow to the posterior of a trained network, whose other weights stay fixed.

    A Gaussian prior cannot represent a multimodal posterior and samples between conformational basins. The
    flow is fitted after encoder and decoder, because in joint training nothing would determine the scale of
    the latents.

    Parameters
    ----------
    network
        Trained network with a flow.
    train, valid : [n_frames, n_atoms, 3]
        Å; the validation frames select the best weights of the flow.
    settings, context
        As for :func:`cgbench.nn.training.train_network`.
    """
    flow = network.flow
    assert flow is not None

    def loss(codes: Tensor, progress: float, generator: torch.Generator) -> Terms:
        mean, log_sigma, beads = codes.split((flow.n_latent, flow.n_latent, 3), dim=-1)
        noise = torch.randn(mean.shape, generator=generator).to(mean)
        return {"loss": flow.loss(mean + log_sigma.exp() * noise, beads, generator)}

    train_codes, valid_codes = (
        _posterior_and_beads(network, frames, context.device) for frames in (train, valid)
    )
    train_network(flow, loss, train_codes, valid_codes, settings, context)


@torch.inference_mode()
def _posterior_and_beads(network: VariationalNetwork, frames: Positions, device: str) -> NDArray[np.float32]:
    """Concatenate posterior and beads to [n_frames, n_beads, n_latent + n_latent + 3]."""
    parts = []
    for (positions,) in row_chunks(torch.as_tensor(np.asarray(frames, dtype=np.float32), device=device)):
        beads = network.matrix @ positions
        prior, features = network.prior(beads)
        parts.append(torch.cat((*network.posterior(positions, beads, prior, features), beads), dim=-1))
    return np.asarray(torch.cat(parts).cpu().numpy())
