"""CGVAE: a conditional variational auto-encoder with an equivariant decoder.

After Wang et al., *Generative Coarse-Graining of Molecular Conformations*, ICML 2022 (arXiv
2201.12176), trained to the same kind of objective, with these differences:

- the KL divergence is that of two Gaussians, and its weight β has a meaning: with it per coordinate,
  β = 2σ², where σ (Å) is the precision to which the decoder is asked to reproduce a frame;
- the posterior is written relative to the prior, so that it starts as the prior and departs from it
  only where that pays; β is warmed up, against posterior collapse;
- the encoder works on the beads, into which all offsets of atoms enter as vectors, instead of on the
  graph of all pairs of atoms (``encoder: atoms`` brings that back);
- atoms have an identity (the three hydrogens of a methyl differ) and parity-odd features (left and
  right differ), for encoder, prior and decoder;
- vector products are normalised, and pseudovectors exist from the first layer at every resolution of
  three beads or more (with one or two, no equivariant function of beads and invariant latents leaves
  their point or line);
- the decoder corrects the best fixed combination of the beads instead of starting from the beads;
- every bead has a frame, spanned by the directions to two others, in which the places of its atoms are
  invariant: their principal components over the training frames are the first latents, and the first
  geometry that is decoded, so that a network has only what they leave open to learn;
- radial filters are shared by the channels of a head, which takes the sum over neighbours from a
  tensor of pairs times features to one matrix product;
- once encoder and decoder are fitted, a flow takes the place of the Gaussian prior, which cannot follow
  a posterior that tells basins apart (``flow``; null leaves the Gaussian);
- what is decoded is brought within the distances and the handedness that training frames have
  (``relaxation``; 0 leaves it as the decoder wrote it).
"""

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from cgbench.chem.molecule import Molecule
from cgbench.core.chunking import row_chunks
from cgbench.core.errors import InputError
from cgbench.mapping.base import Mapping
from cgbench.methods._bead_neighbours import nearest_bead_vectors
from cgbench.methods._least_squares import best_combination
from cgbench.methods._network import NOISE_CHUNK, NetworkMethod
from cgbench.methods.base import Positions, TrainingContext
from cgbench.nn.cgvae_network import CGVAESettings, make_network
from cgbench.nn.decoder import Decoder, EquivariantDecoder
from cgbench.nn.dense import halve_products
from cgbench.nn.flow_prior import fit_flow_prior
from cgbench.nn.local_coordinates import LocalCoordinates
from cgbench.nn.pairs import distances_of
from cgbench.nn.training import Terms, train_network
from cgbench.nn.variational import VariationalNetwork, VariationalSettings, kl_divergence


class Method(NetworkMethod):
    """CGVAE."""

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
        """Make the network, with random weights: all that a variant of this method has of its own."""
        assert isinstance(self.settings, CGVAESettings)
        return make_network(self.settings, self.mapping, self.molecule, self.make_decoder)

    @staticmethod
    def make_decoder(
        settings: Any, mapping: Mapping, n_latent: int, local: LocalCoordinates | None
    ) -> Decoder:
        """Make the decoder, with random weights; with another one it is another method."""
        return EquivariantDecoder(
            torch.as_tensor(mapping.bead_index),
            torch.as_tensor(mapping.matrix, dtype=torch.float32),
            n_latent,
            settings.features,
            settings.vectors,
            settings.decoder_layers,
            settings.basis,
            settings.heads,
            settings.bead_cutoff,
            correct_combination=settings.combination,
            local=local,
        )

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Minimise coordinate error + β KL + γ errors of geometry; stop on the validation frames."""
        self.warn_without_plane()
        self._refuse_isolated_beads(train)
        torch.manual_seed(context.seed)
        self.network = self.new_network()
        if self.settings.precision == "bfloat16":
            halve_products(self.network)
        combination = torch.as_tensor(best_combination(self.mapping.beads(train), train))
        self.network.start_from(torch.as_tensor(np.asarray(train, dtype=np.float32)), combination)
        self.pairs = self.pairs.to(context.device)
        train_network(self.network, self._loss, train, valid, self.settings, context)
        if self.network.flow is not None:
            assert isinstance(self.settings, CGVAESettings)
            assert self.settings.flow is not None
            fit_flow_prior(self.network, train, valid, self.settings.flow, context.stage("flow"))

    def _refuse_isolated_beads(self, positions: Positions) -> None:
        """Refuse a bead that sees no other: it has no direction, so its atoms would all fall onto it."""
        if self.mapping.n_beads == 1:
            return
        _, nearest = nearest_bead_vectors(self.mapping.beads(positions), 1)
        farthest = nearest[..., 0].max(axis=0)
        if farthest.max() >= self.settings.bead_cutoff:
            raise InputError(
                f"{self.name}: bead {int(farthest.argmax())} is up to {farthest.max():.1f} Å from its "
                f"nearest bead; raise bead_cutoff (now {self.settings.bead_cutoff})"
            )

    def _loss(self, positions: Tensor, progress: float, generator: torch.Generator) -> Terms:
        s, network = self.settings, self.network
        beads = network.matrix @ positions
        prior, bead_features = network.prior(beads)
        posterior = network.posterior(positions, beads, prior, bead_features)
        noise = torch.randn(posterior[0].shape, generator=generator).to(positions)
        rebuilt = network.decode(posterior[0] + posterior[1].exp() * noise, prior, beads)
        terms = {
            "recon": (rebuilt - positions).square().mean(),
            "kl": kl_divergence(posterior).mean(),
            "graph": self._length_error(rebuilt, positions),
        }
        kl_weight = s.kl_weight(progress, self.mapping.n_atoms, self.mapping.n_beads)
        total = terms["recon"] + kl_weight * terms["kl"] + s.gamma * terms["graph"]
        return {"loss": total, **terms}

    def _length_error(self, rebuilt: Tensor, positions: Tensor) -> Tensor:
        """Mean squared error of bonded and 1-3 distances, Å²; zero for a molecule without any."""
        if self.pairs.shape[1] == 0:
            return rebuilt.new_zeros(())
        difference = distances_of(self.pairs, rebuilt) - distances_of(self.pairs, positions)
        return difference.square().mean()

    def reconstruct(self, positions: Positions) -> Positions:
        """Decode the mean of the posterior of frames [n_frames, n_atoms, 3]."""
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
        beads = self.network.matrix @ positions
        prior, features = self.network.prior(beads)
        latent, log_ratio = self.network.posterior(positions, beads, prior, features)
        if noise is not None:
            latent = latent + log_ratio.exp() * noise
        return self.network.backmap(latent, prior, beads, self.settings.relaxation)

    @property
    def n_latent(self) -> int:
        """L, latent numbers per bead."""
        return self.network.decoder.n_latent

    def decode_noise(self, noise: Tensor, beads: Tensor) -> Tensor:
        """Carry noise [n_samples, batch, n_beads, L] to the prior, and decode."""
        (mean, log_sigma), _ = self.network.prior(beads)
        if self.network.flow is not None:
            noise = self.network.flow.push(noise, beads)
        mean, log_sigma, beads = (each.repeat(len(noise), 1, 1) for each in (mean, log_sigma, beads))
        return self.network.backmap(noise.flatten(0, 1), (mean, log_sigma), beads, self.settings.relaxation)
