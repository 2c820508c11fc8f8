"""CGVAE with an e3nn decoder: features of degree 0 to 2 or more and of both parities.

Identical to :mod:`cgbench.methods.cgvae` except for the decoder (Geiger and Smidt, *e3nn: Euclidean Neural
Networks*, arXiv 2207.09453). It shows how another equivariant network replaces the decoder of CGVAE, and
measures the benefit of features of higher degree than vectors.
"""

from typing import Annotated

import torch
from pydantic import Field

from cgbench.mapping.base import Mapping
from cgbench.methods import cgvae
from cgbench.nn.cgvae_network import CGVAESettings
from cgbench.nn.decoder import Decoder
from cgbench.nn.mapped_network import mapping_matrix

Multiplicity = Annotated[int, Field(ge=1)]


class CGVAEE3nnSettings(CGVAESettings):
    """Settings of CGVAE with an e3nn decoder.

    Attributes
    ----------
    multiplicities
        Decoder channels per bead of degree 0 (scalars), 1 (vectors), 2 and so on, for each parity.
    densities
        Neighbour densities per bead, by which a decoder layer multiplies features: sums over the neighbours
        of learned weights times spherical harmonics.
    decoder_layers
        Convolutions; at least two, since with one the atoms would stay in the plane of planar beads.
    """

    multiplicities: Annotated[tuple[Multiplicity, ...], Field(min_length=2)] = (16, 8, 4)
    densities: Annotated[int, Field(ge=1)] = 4
    decoder_layers: Annotated[int, Field(ge=2)] = 3


class Method(cgvae.Method):
    """CGVAE with an e3nn decoder."""

    Settings = CGVAEE3nnSettings
    reference = "Wang et al., ICML 2022, arXiv 2201.12176; Geiger and Smidt 2022, arXiv 2207.09453"

    @staticmethod
    def make_decoder(settings: CGVAEE3nnSettings, mapping: Mapping) -> Decoder:
        """Return the decoder with random weights."""
        # Imported here, because e3nn loads the compiler of torch, which takes seconds.
        from cgbench.nn.e3nn_decoder import E3nnDecoder

        return E3nnDecoder(
            torch.as_tensor(mapping.bead_index),
            mapping_matrix(mapping).float(),
            settings.latent,
            settings.multiplicities,
            settings.decoder_layers,
            settings.basis,
            settings.densities,
            settings.bead_cutoff,
        )
