"""CGVAE with another decoder: features of degrees up to 2 and both parities, made with e3nn.

All but the decoder is that of :mod:`cgbench.methods.cgvae`. It is the example of how any equivariant
network takes the place of CGVAE's decoder, and shows in the comparison what features beyond vectors
are worth.
"""

from typing import Annotated

import torch
from pydantic import Field

from cgbench.mapping.base import Mapping
from cgbench.methods import cgvae
from cgbench.nn.cgvae_network import CGVAESettings
from cgbench.nn.decoder import Decoder
from cgbench.nn.local_coordinates import LocalCoordinates

Multiplicity = Annotated[int, Field(ge=1)]


class CGVAEE3nnSettings(CGVAESettings):
    """Settings of CGVAE with a decoder made with e3nn.

    Attributes
    ----------
    multiplicities
        Decoder channels per bead of degree 0 (scalars), 1 (vectors), 2 and so on, of each parity.
    densities
        Sums over neighbours that a layer of the decoder multiplies features with.
    decoder_layers
        Convolutions; with fewer than two, atoms would stay in the plane of planar beads.
    """

    multiplicities: Annotated[tuple[Multiplicity, ...], Field(min_length=2)] = (16, 8, 4)
    densities: Annotated[int, Field(ge=1)] = 4
    decoder_layers: Annotated[int, Field(ge=2)] = 3


class Method(cgvae.Method):
    """CGVAE with a decoder made with e3nn."""

    Settings = CGVAEE3nnSettings
    reference = "Wang et al., ICML 2022, arXiv 2201.12176; Geiger and Smidt 2022, arXiv 2207.09453"

    @staticmethod
    def make_decoder(
        settings: CGVAEE3nnSettings, mapping: Mapping, n_latent: int, local: LocalCoordinates | None
    ) -> Decoder:
        """Make the decoder, with random weights."""
        # Here, so that only jobs with a network wait for e3nn: it brings the whole compiler of torch along.
        from cgbench.nn.e3nn_decoder import E3nnDecoder

        return E3nnDecoder(
            torch.as_tensor(mapping.bead_index),
            torch.as_tensor(mapping.matrix, dtype=torch.float32),
            n_latent,
            settings.multiplicities,
            settings.decoder_layers,
            settings.basis,
            settings.densities,
            settings.bead_cutoff,
            correct_combination=settings.combination,
            local=local,
        )
