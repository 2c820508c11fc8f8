"""CGVAE: a conditional variational autoencoder with an equivariant decoder.

p(x|X) = ∫ p(x|X,z) p(z|X) dz, with one latent vector z per bead. After Wang et al., *Generative
Coarse-Graining of Molecular Conformations*, ICML 2022 (arXiv 2201.12176), with these differences:

- The KL divergence is that of two Gaussians. Its weight β is per coordinate, so that β = 2σ² for a target
  precision σ (Å) of the decoder.
- The posterior is parametrised relative to the prior and starts as the prior. β is warmed up against
  posterior collapse.
- The encoder acts on the beads, which receive the offsets of their atoms as vectors, instead of on the graph
  of all atom pairs (``encoder: atoms`` selects the graph).
- Atoms have identities (the three hydrogens of a methyl differ), and encoder, prior and decoder have
  parity-odd features, so that enantiomers differ.
- Cross products are normalised. Pseudovectors exist from the first layer for three beads or more. With one or
  two beads no equivariant function of beads and invariant latents leaves their point or line.
- The channels of a head share their radial filter, so that the sum over neighbours is one matrix product.
"""

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from cgbench.chem.molecule import Molecule
from cgbench.core.chunking import row_chunks
from cgbench.core.errors import InputError
from cgbench.mapping.base import Mapping
from cgbench.methods._baselines import nearest_bead_vectors
from cgbench.methods._network import NOISE_CHUNK, NetworkMethod
from cgbench.methods.base import Positions, TrainingContext
from cgbench.nn.cgvae_network import CGVAESettings, make_network
from cgbench.nn.decoder import Decoder, EquivariantDecoder
from cgbench.nn.dense import use_bfloat16
from cgbench.nn.mapped_network import mapping_matrix
from cgbench.nn.radial import selected_distances
from cgbench.nn.training import Terms, train_network
from cgbench.nn.variational import VariationalNetwork, VariationalSettings, kl_divergence


class Method(NetworkMethod):
    """Conditional variational autoencoder; variants override ``make_decoder`` or ``new_network``."""

    Settings: ClassVar[type[VariationalSettings]] = CGVAESettings
    stochastic = True
    equivariance = "SE(3)"
    reference = "Wang et al., ICML 2022, arXiv 2201.12176"
    settings: VariationalSettings
    network: VariationalNetwork

    def __init__(self, settings: VariationalSettings, mapping: Mapping, molecule: Molecule) -> None:
        super().__init__(settings, mapping, molecule)
        self.network = self.new_network()
        pairs = np.concatenate((molecule.bonds, molecule.angle_ends))
        self.pairs = torch.as_tensor(pairs.T.copy())

    def new_network(self) -> VariationalNetwork:
        """Return the network with random weights."""
        assert isinstance(self.settings, CGVAESettings)
        decoder = self.make_decoder(self.settings, self.mapping)
        return make_network(self.settings, self.mapping, self.molecule, decoder)

    @staticmethod
    def make_decoder(settings: Any, mapping: Mapping) -> Decoder:
        """Return the decoder with random weights."""
        return EquivariantDecoder(
            torch.as_tensor(mapping.bead_index),
            mapping_matrix(mapping).float(),
            settings.latent,
            settings.features,
            settings.vectors,
            settings.decoder_layers,
            settings.basis,
            settings.heads,
            settings.bead_cutoff,
        )

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Minimise coordinate error + β KL + γ distance error with early stopping on validation frames.

        Raises
        ------
        InputError
            If a bead has no other bead within the cutoff, or training fails
            (see :func:`cgbench.nn.training.train_network`).
        """
        self.warn_without_plane()
        self._refuse_isolated_beads(train)
        torch.manual_seed(context.seed)
        self.network = self.new_network()
        if self.settings.precision == "bfloat16":
            use_bfloat16(self.network)
        self.pairs = self.pairs.to(context.device)
        train_network(self.network, self._loss, train, valid, self.settings, context)

    def _refuse_isolated_beads(self, positions: Positions) -> None:
        if self.mapping.n_beads == 1:
            return
        _, distances = nearest_bead_vectors(self.mapping.beads(positions), 1)
        largest = distances[..., 0].max(axis=0)
        if largest.max() >= self.settings.bead_cutoff:
            raise InputError(
                f"{self.name}: bead {int(largest.argmax())} is up to {largest.max():.1f} Å from its nearest "
                f"bead, so its atoms cannot be placed; raise bead_cutoff (now {self.settings.bead_cutoff})"
            )

    def _loss(self, positions: Tensor, progress: float, generator: torch.Generator) -> Terms:
        s, network = self.settings, self.network
        beads = network.beads(positions)
        prior, bead_features = network.prior(beads)
        posterior = network.posterior(positions, beads, prior, bead_features)
        noise = torch.randn(posterior[0].shape, generator=generator).to(positions)
        rebuilt = network.decode(posterior[0] + posterior[1].exp() * noise, prior, beads)
        terms = {
            "recon": (rebuilt - positions).square().mean(),
            "kl": kl_divergence(posterior).mean(),
            "graph": self._distance_error(rebuilt, positions),
        }
        kl_weight = s.kl_weight(progress, self.mapping.n_atoms, self.mapping.n_beads)
        total = terms["recon"] + kl_weight * terms["kl"] + s.gamma * terms["graph"]
        return {"loss": total, **terms}

    def _distance_error(self, made: Tensor, positions: Tensor) -> Tensor:
        """Mean squared error of bonded and 1-3 distances, Å²; zero for a molecule without bonds."""
        if self.pairs.shape[1] == 0:
            return made.new_zeros(())
        difference = selected_distances(self.pairs, made) - selected_distances(self.pairs, positions)
        return difference.square().mean()

    def reconstruct(self, positions: Positions) -> Positions:
        """Decode the posterior mean of frames [n_frames, n_atoms, 3]."""
        return self.run(self._rebuild, positions)

    def reconstruct_draw(self, positions: Positions, seed: int) -> Positions:
        """Decode one draw from the posterior of each frame [n_frames, n_atoms, 3]."""
        generator = torch.Generator().manual_seed(seed)

        def draw(batch: Tensor) -> Tensor:
            shape = (len(batch), self.mapping.n_beads, self.n_latent)
            noise = torch.randn(shape, generator=generator, dtype=torch.float32).to(batch)
            return torch.cat([self._rebuild(*part) for part in row_chunks(batch, noise)])

        return self.run(draw, positions, chunk=NOISE_CHUNK)

    def _rebuild(self, positions: Tensor, noise: Tensor | None = None) -> Tensor:
        beads = self.network.beads(positions)
        prior, features = self.network.prior(beads)
        latent, log_ratio = self.network.posterior(positions, beads, prior, features)
        if noise is not None:
            latent = latent + log_ratio.exp() * noise
        return self.network.decode(latent, prior, beads)

    @property
    def n_latent(self) -> int:
        """Number L of latent variables per bead."""
        return self.network.decoder.n_latent

    def decode_noise(self, noise: Tensor, beads: Tensor) -> Tensor:
        """Decode noise [n_samples, batch, n_beads, L] in units of the prior."""
        (mean, log_sigma), _ = self.network.prior(beads)
        mean, log_sigma, beads = (each.repeat(len(noise), 1, 1) for each in (mean, log_sigma, beads))
        return self.network.decode(noise.flatten(0, 1), (mean, log_sigma), beads)
