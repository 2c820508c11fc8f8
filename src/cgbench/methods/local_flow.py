"""Conditional flow matching on the places of atoms in frames that the beads span: samples without a decoder.

Every bead has a frame spanned by the directions to two others. There the places of its atoms are
invariant, and their principal components over the training frames are a linear code of them, lossless
where there are enough. A velocity field on that code, which sees the beads, carries Gaussian noise to
geometries. No likelihood is traded against anything, so a sample is as sharp as the code; bonds between
beads hold as far as the field has learned them.
"""

from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from cgbench.chem.molecule import Molecule
from cgbench.mapping.base import Mapping
from cgbench.methods._network import NetworkMethod
from cgbench.methods.base import Positions, TrainingContext
from cgbench.nn.latent_flow import FlowSettings, LatentFlow
from cgbench.nn.local_coordinates import LocalCoordinates
from cgbench.nn.mapping_module import MappedNetwork
from cgbench.nn.training import Terms, train_network


class LocalFlowSettings(FlowSettings):
    """Settings of the flow and of what it runs on.

    Attributes
    ----------
    latent
        Principal components per bead at most.
    """

    epochs: Annotated[int, Field(ge=1)] = 40
    learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    features: Annotated[int, Field(ge=1)] = 128
    latent: Annotated[int, Field(ge=1)] = 48
    steps: Annotated[int, Field(ge=1)] = 10


class LocalFlowNetwork(MappedNetwork):
    """A linear code of local coordinates and a flow on it.

    Parameters
    ----------
    mapping, settings
        What it is to be made for.
    """

    bead_index: Tensor

    def __init__(self, mapping: Mapping, settings: LocalFlowSettings) -> None:
        super().__init__(mapping)
        self.register_buffer("bead_index", torch.as_tensor(mapping.bead_index), persistent=False)
        n_latent = min(settings.latent, 3 * int(np.bincount(mapping.bead_index).max()))
        self.local = LocalCoordinates(self.bead_index, n_latent).requires_grad_(False)
        self.flow = LatentFlow(self.local.frames, mapping.n_beads, n_latent, settings)

    def start_from(self, positions: Tensor) -> None:
        """Find frames and code for training frames [n_frames, n_atoms, 3]."""
        beads = self.matrix @ positions
        offsets = positions - beads[:, self.bead_index]
        self.local.frames.choose(beads.numpy(), offsets.numpy(), self.mapping.bead_index)
        self.local.start_from(self.local.read(offsets, beads))
        self.flow.start_from(beads)

    def encode(self, positions: Tensor, beads: Tensor) -> Tensor:
        """Code [batch, n_beads, L] of frames [batch, n_atoms, 3]."""
        return self.local.encode(self.local.read(positions - beads[:, self.bead_index], beads))

    def decode(self, latent: Tensor, beads: Tensor) -> Tensor:
        """Frames [batch, n_atoms, 3] that have the code, on their beads exactly."""
        away = self.local.write(self.local.decode(latent), beads)
        return away + (beads - self.matrix @ away)[:, self.bead_index]


class Method(NetworkMethod):
    """Flow matching in local frames."""

    Settings = LocalFlowSettings
    stochastic = True
    equivariance = "SE(3)"
    reference = "this project; flow matching: Lipman et al., ICLR 2023, arXiv 2210.02747"
    settings: LocalFlowSettings
    network: LocalFlowNetwork

    def __init__(self, settings: LocalFlowSettings, mapping: Mapping, molecule: Molecule) -> None:
        super().__init__(settings, mapping, molecule)
        self.network = LocalFlowNetwork(mapping, settings)

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Minimise the error of the velocity; stop on the validation frames."""
        self.warn_without_plane()
        torch.manual_seed(context.seed)
        self.network = LocalFlowNetwork(self.mapping, self.settings)
        self.network.start_from(torch.as_tensor(np.asarray(train, dtype=np.float32)))
        train_network(self.network, self._loss, train, valid, self.settings, context)

    def _loss(self, positions: Tensor, progress: float, generator: torch.Generator) -> Terms:
        beads = self.network.matrix @ positions
        return {"loss": self.network.flow.loss(self.network.encode(positions, beads), beads, generator)}

    def reconstruct(self, positions: Positions) -> Positions:
        """Encode and decode frames [n_frames, n_atoms, 3]."""

        def rebuild(batch: Tensor) -> Tensor:
            beads = self.network.matrix @ batch
            return self.network.decode(self.network.encode(batch, beads), beads)

        return self.run(rebuild, positions)

    @property
    def n_latent(self) -> int:
        """L, principal components per bead."""
        return self.network.flow.n_latent

    def decode_noise(self, noise: Tensor, beads: Tensor) -> Tensor:
        """Carry noise [n_samples, batch, n_beads, L] to the code of frames, and decode."""
        latent = self.network.flow.push(noise, beads).flatten(0, 1)
        return self.network.decode(latent, beads.repeat(len(noise), 1, 1))
