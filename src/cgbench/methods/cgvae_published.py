"""CGVAE as published but for its KL divergence: what :mod:`cgbench.methods.cgvae` is to be measured against.

Wang et al., *Generative Coarse-Graining of Molecular Conformations*, ICML 2022 (arXiv 2201.12176), with
the published choices that docs/cgvae.md lists as faults: an encoder on the atom graph that knows elements
and distances alone, a decoder of unnormalised products that starts from the beads, a β from the first step
on. Not kept are the wrong KL divergence, the frozen embedding of bead 0, and what lies outside the model:
splits, mappings, training without the best weights, and the metrics, of which the legacy ones take
reconstructions that are drawn. The optimiser is that of all networks here. Numbers for chignolin: basis
10, encoder_layers 2, decoder_layers 9, atom_cutoff 12, bead_cutoff 25, batch_size 2, learning_rate 1e-4,
gamma 50.
"""

from typing import Annotated

from pydantic import Field

from cgbench.methods import cgvae
from cgbench.nn.published import PublishedNetwork
from cgbench.nn.variational import VariationalNetwork, VariationalSettings


class PublishedSettings(VariationalSettings):
    """Settings of the published CGVAE; the defaults are those for alanine dipeptide.

    Attributes
    ----------
    features
        Channels of everything, latents among them; no bead may have more atoms.
    basis
        Radial functions.
    encoder_layers
        Message passing layers, of the prior too.
    decoder_layers
        Message passing layers.
    atom_cutoff
        Å.
    beta
        Weight of the KL divergence of one bead.
    """

    features: Annotated[int, Field(ge=1)] = 600
    basis: Annotated[int, Field(ge=1)] = 8
    encoder_layers: Annotated[int, Field(ge=1)] = 4
    decoder_layers: Annotated[int, Field(ge=1)] = 5
    atom_cutoff: Annotated[float, Field(gt=0)] = 8.5
    batch_size: Annotated[int, Field(ge=1)] = 32
    learning_rate: Annotated[float, Field(gt=0)] = 8e-5
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    gradient_clip: Annotated[float, Field(gt=0)] = 0.01
    beta: Annotated[float, Field(ge=0)] = 0.05
    beta_warm_up: Annotated[float, Field(ge=0, le=1)] = 0.0
    gamma: Annotated[float, Field(ge=0)] = 25.0
    relaxation: Annotated[int, Field(ge=0)] = 0

    def kl_weight(self, progress: float, n_atoms: int, n_beads: int) -> float:
        """Weight of the KL divergence of a frame, summed over its beads: β of their mean."""
        return super().kl_weight(progress, n_atoms, n_beads) * 3 * n_atoms / n_beads


class Method(cgvae.Method):
    """CGVAE as published; it tells left from right with three beads alone."""

    Settings = PublishedSettings
    settings: PublishedSettings

    def new_network(self) -> VariationalNetwork:
        """Put encoder, prior and decoder together, with random weights."""
        s = self.settings
        return PublishedNetwork(
            self.mapping,
            self.molecule,
            s.features,
            s.basis,
            s.encoder_layers,
            s.decoder_layers,
            s.atom_cutoff,
            s.bead_cutoff,
        )
