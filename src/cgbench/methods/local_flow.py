"""Conditional flow matching in local frames: a flow on invariant atom coordinates, without a decoder.

dz/dt = v(z, t, X) from z ~ N(0, 1) at t = 0 to the code of a frame at t = 1 (Lipman et al., ICLR 2023, arXiv
2210.02747). Every bead has a local frame, spanned by the directions to two other beads, in which atom
positions are invariant. Their principal components over the training frames are the code z, which is lossless
if there are enough components. There is no likelihood term, so a sample is as accurate as the code; bond
lengths between beads are as accurate as the learned velocity field.
"""

import numpy as np
import torch
from torch import Tensor

from cgbench.chem.molecule import Molecule
from cgbench.mapping.base import Mapping
from cgbench.methods._network import NetworkMethod
from cgbench.methods.base import Positions, TrainingContext
from cgbench.nn.latent_flow import FlowSettings, LatentFlow
from cgbench.nn.local_coordinates import LocalCoordinates
from cgbench.nn.mapped_network import MappedNetwork, on_beads
from cgbench.nn.training import Terms, train_network


class LocalFlowNetwork(MappedNetwork):
    """A linear code of local coordinates and a flow on it.

    Parameters
    ----------
    mapping
        CG mapping M.
    settings
        Settings of the method.
    """

    bead_index: Tensor

    def __init__(self, mapping: Mapping, settings: FlowSettings) -> None:
        super().__init__(mapping)
        self.register_buffer("bead_index", torch.as_tensor(mapping.bead_index), persistent=False)
        n_latent = min(settings.latent, 3 * int(np.bincount(mapping.bead_index).max()))
        self.local = LocalCoordinates(self.bead_index, n_latent)
        self.flow = LatentFlow(self.local.frames, mapping.n_beads, n_latent, settings)

    def initialise(self, positions: Tensor) -> None:
        """Determine local frames and code from training frames [n_frames, n_atoms, 3] (Å)."""
        beads = self.beads(positions)
        offsets = positions - beads[:, self.bead_index]
        self.local.frames.choose_neighbours(beads.numpy(), offsets.numpy(), self.mapping.bead_index)
        self.local.fit_components(self.local.to_local(offsets, beads))
        self.flow.fit_normalisation(beads)

    def encode(self, positions: Tensor, beads: Tensor) -> Tensor:
        """Encode frames [batch, n_atoms, 3] (Å) to [batch, n_beads, L]."""
        return self.local.encode(self.local.to_local(positions - beads[:, self.bead_index], beads))

    def decode(self, latent: Tensor, beads: Tensor) -> Tensor:
        """Decode [batch, n_beads, L] to frames [batch, n_atoms, 3] (Å) with M x = X exactly."""
        offsets = self.local.to_cartesian(self.local.decode(latent), beads)
        return on_beads(offsets, beads, self.matrix, self.bead_index, bool(self.mapping.shared))


class Method(NetworkMethod):
    """Conditional flow matching in local frames."""

    Settings = FlowSettings
    stochastic = True
    equivariance = "SE(3)"
    reference = "this project; flow matching: Lipman et al., ICLR 2023, arXiv 2210.02747"
    settings: FlowSettings
    network: LocalFlowNetwork

    def __init__(self, settings: FlowSettings, mapping: Mapping, molecule: Molecule) -> None:
        super().__init__(settings, mapping, molecule)
        self.network = LocalFlowNetwork(mapping, settings)

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Minimise the mean squared velocity error with early stopping on the validation frames."""
        self.warn_without_plane()
        torch.manual_seed(context.seed)
        self.network = LocalFlowNetwork(self.mapping, self.settings)
        self.network.initialise(torch.as_tensor(np.asarray(train, dtype=np.float32)))
        train_network(self.network, self._loss, train, valid, self.settings, context)

    def _loss(self, positions: Tensor, progress: float, generator: torch.Generator) -> Terms:
        beads = self.network.beads(positions)
        return {"loss": self.network.flow.loss(self.network.encode(positions, beads), beads, generator)}

    def reconstruct(self, positions: Positions) -> Positions:
        """Encode and decode frames [n_frames, n_atoms, 3]."""

        def rebuild(batch: Tensor) -> Tensor:
            beads = self.network.beads(batch)
            return self.network.decode(self.network.encode(batch, beads), beads)

        return self.run(rebuild, positions)

    @property
    def n_latent(self) -> int:
        """Number L of principal components per bead."""
        return self.network.flow.n_latent

    def decode_noise(self, noise: Tensor, beads: Tensor) -> Tensor:
        """Transform noise [n_samples, batch, n_beads, L] to the code with the flow and decode it."""
        latent = self.network.flow.integrate(noise, beads).flatten(0, 1)
        return self.network.decode(latent, beads.repeat(len(noise), 1, 1))
