"""The network of CGVAE: its settings, and how encoder, prior, decoder and flow are put together."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import nn

from cgbench.chem.molecule import Molecule
from cgbench.mapping.base import Mapping
from cgbench.nn.decoder import Decoder
from cgbench.nn.encoders import AtomEncoder, BeadEncoder
from cgbench.nn.invariant import InvariantNetwork, mlp
from cgbench.nn.latent_flow import FlowSettings, LatentFlow
from cgbench.nn.local_coordinates import LocalCoordinates
from cgbench.nn.message_settings import MessageSettings
from cgbench.nn.variational import VariationalNetwork, VariationalSettings


class CGVAESettings(MessageSettings, VariationalSettings):
    """Settings of CGVAE.

    Attributes
    ----------
    features, vectors, latent
        Invariant channels per atom or bead, vector channels per bead, latent numbers per
        bead (with ``local``, at most three for each atom of the largest bead).
    handed
        Parity-odd channels of the prior, and of the encoder on atoms; without any, neither can tell left
        from right.
    encoder
        ``"beads"`` reads a frame through equivariant layers on its beads, at a cost that grows with the
        number of atoms; ``"atoms"`` through messages between all pairs of atoms, as in the paper.
    identity
        Whether the encoder knows every atom or only elements.
    combination
        Whether the decoder corrects the best fixed combination of the beads or starts from the beads.
    local
        Whether posterior and decoder start from the principal components of the atoms' places in frames
        that neighbouring beads span, and correct those.
    products
        Vectors whose inner products are the first invariants that the encoder on beads sees.
    atom_cutoff
        Å, where the encoder is on atoms.
    encoder_layers, prior_layers, decoder_layers
        Message passing layers.
    flow
        How the flow is made and fitted that takes the place of the Gaussian prior once encoder and decoder
        are fitted; with None the Gaussian stays.
    """

    channels = ("features", "vectors")

    vectors: Annotated[int, Field(ge=1)] = 16
    latent: Annotated[int, Field(ge=1)] = 32
    handed: Annotated[int, Field(ge=0)] = 8
    encoder: Literal["beads", "atoms"] = "beads"
    identity: Literal["atoms", "elements"] = "atoms"
    combination: bool = True
    local: bool = True
    products: Annotated[int, Field(ge=1)] = 16
    atom_cutoff: Annotated[float, Field(gt=0)] = 8.5
    encoder_layers: Annotated[int, Field(ge=1)] = 3
    prior_layers: Annotated[int, Field(ge=1)] = 2
    decoder_layers: Annotated[int, Field(ge=1)] = 3

    flow: FlowSettings | None = FlowSettings()
    learning_rate: Annotated[float, Field(gt=0)] = 5e-3
    beta: Annotated[float, Field(ge=0)] = 0.01

    @model_validator(mode="after")
    def _flow_sees_beads_in_local_frames(self) -> Self:
        if self.flow and not self.local:
            raise ValueError("flow needs local: true, in whose frames it sees the beads; set flow: null")
        return self


# From settings, mapping, latent numbers per bead and local coordinates, or None.
MakeDecoder = Callable[[Any, Mapping, int, LocalCoordinates | None], Decoder]


def make_network(
    settings: CGVAESettings, mapping: Mapping, molecule: Molecule, make_decoder: MakeDecoder
) -> VariationalNetwork:
    """Put encoder, prior and decoder together, with random weights."""
    s = settings
    kinds = torch.as_tensor(np.arange(mapping.n_atoms) if s.identity == "atoms" else molecule.element_index)
    bead_index = torch.as_tensor(mapping.bead_index)
    encoder: nn.Module
    if s.encoder == "beads":
        encoder = BeadEncoder(
            bead_index,
            kinds,
            s.features,
            s.vectors,
            s.encoder_layers,
            s.basis,
            s.heads,
            s.products,
            s.bead_cutoff,
        )
    else:
        encoder = AtomEncoder(
            bead_index, kinds, s.features, s.encoder_layers, s.basis, s.heads, s.handed, s.atom_cutoff
        )
    prior = InvariantNetwork(
        torch.arange(mapping.n_beads), s.features, s.prior_layers, s.basis, s.heads, s.handed, s.bead_cutoff
    )
    # A bead has no more to tell than where its atoms are.
    n_latent = min(s.latent, 3 * int(np.bincount(mapping.bead_index).max())) if s.local else s.latent
    local = LocalCoordinates(bead_index, n_latent) if s.local else None
    decoder = make_decoder(s, mapping, n_latent, local)
    flow = LatentFlow(local.frames, mapping.n_beads, n_latent, s.flow) if local and s.flow else None
    return VariationalNetwork(
        mapping,
        molecule,
        encoder,
        prior,
        decoder,
        _head(s.features, n_latent),
        _head(2 * s.features, n_latent),
        s.features if s.encoder == "beads" else 0,
        flow,
    )


def _head(n_features: int, n_latent: int) -> nn.Sequential:
    """From features to mean and log standard deviation, both zero to begin with."""
    network = mlp(n_features, n_features, 2 * n_latent)
    for parameter in network[-1].parameters():
        nn.init.zeros_(parameter)
    return network
