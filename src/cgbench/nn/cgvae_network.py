"""Settings and construction of the CGVAE network."""

import math
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field
from torch import nn

from cgbench.chem.molecule import Molecule
from cgbench.core.settings import AUTO, Automatic
from cgbench.mapping.base import Mapping
from cgbench.nn.decoder import Decoder
from cgbench.nn.dense import mlp
from cgbench.nn.encoders import AtomEncoder, BeadEncoder
from cgbench.nn.invariant import InvariantNetwork, MessageSettings
from cgbench.nn.task_facts import TaskFacts, nearest_power_of_two
from cgbench.nn.variational import VariationalNetwork, VariationalSettings


def _batch_size(facts: TaskFacts, settings: "CGVAESettings") -> int:
    """64 for 22 atoms, fewer for more, whose gradient is as smooth; at most an eighth of the frames."""
    by_atoms = nearest_power_of_two(max(1.0, 64 * (22 / facts.n_atoms) ** (1 / 3)))
    return max(1, min(64, by_atoms, facts.n_frames // 8))


def _epochs(facts: TaskFacts, settings: "CGVAESettings") -> int:
    """As many as take about two minutes on one core, and at least 600 steps.

    A frame costs a constant and a time in proportion to its atoms: for beads and for atoms.
    """
    return facts.epochs(4.7e6 / (facts.n_atoms + 50), 600, settings.batch_size)


def _vectors(facts: TaskFacts, settings: "CGVAESettings") -> int:
    """Twice the mean number of atoms that the vectors of a bead place, from 16 to 32, as powers of two."""
    needed = 2 ** math.ceil(math.log2(2 * facts.n_atoms / facts.n_beads))
    return math.ceil(min(32, max(16, needed)) / settings.heads) * settings.heads


class CGVAESettings(MessageSettings, VariationalSettings):
    """Settings of CGVAE.

    Attributes
    ----------
    features, vectors, latent
        Invariant channels per atom or bead, vector channels per bead, and latent variables per bead.
    handed
        Pseudoscalar channels of the prior, and of the encoder on atoms; with 0 neither distinguishes
        enantiomers.
    encoder
        ``"beads"`` for equivariant layers on the beads, with a cost linear in the number of atoms;
        ``"atoms"`` for messages between all pairs of atoms, as published.
    identity
        Whether the encoder distinguishes all atoms or only elements.
    products
        Vectors of which inner products are the first invariants of the encoder on beads.
    atom_cutoff
        Å, for the encoder on atoms.
    encoder_layers, prior_layers, decoder_layers
        Message passing layers.
    """

    divisible = ("features", "vectors")

    batch_size: Annotated[int, Field(ge=1), Automatic(_batch_size)] = AUTO
    epochs: Annotated[int, Field(ge=1), Automatic(_epochs)] = AUTO
    bead_cutoff: Annotated[float, Field(gt=0), Automatic(lambda facts, _: facts.cutoff())] = AUTO
    vectors: Annotated[int, Field(ge=1), Automatic(_vectors)] = AUTO
    features: Annotated[int, Field(ge=1)] = 32
    latent: Annotated[int, Field(ge=1)] = 8
    handed: Annotated[int, Field(ge=0)] = 8
    encoder: Literal["beads", "atoms"] = "beads"
    identity: Literal["atoms", "elements"] = "atoms"
    products: Annotated[int, Field(ge=1)] = 16
    atom_cutoff: Annotated[float, Field(gt=0)] = 8.5
    encoder_layers: Annotated[int, Field(ge=1)] = 3
    prior_layers: Annotated[int, Field(ge=1)] = 2
    decoder_layers: Annotated[int, Field(ge=1)] = 3

    beta: Annotated[float, Field(ge=0)] = 0.02
    learning_rate: Annotated[float, Field(gt=0)] = 5e-3


def make_network(
    settings: CGVAESettings, mapping: Mapping, molecule: Molecule, decoder: Decoder
) -> VariationalNetwork:
    """Return a network with random weights and the given decoder."""
    s = settings
    kinds = torch.as_tensor(np.arange(mapping.n_atoms) if s.identity == "atoms" else molecule.element_index)
    bead_index = torch.as_tensor(mapping.bead_index)
    message = s.basis, s.heads
    encoder: nn.Module
    if s.encoder == "beads":
        encoder = BeadEncoder(
            bead_index, kinds, s.features, s.vectors, s.encoder_layers, *message, s.products, s.bead_cutoff
        )
    else:
        encoder = AtomEncoder(
            bead_index, kinds, s.features, s.encoder_layers, *message, s.handed, s.atom_cutoff
        )
    beads = torch.arange(mapping.n_beads)
    prior = InvariantNetwork(beads, s.features, s.prior_layers, *message, s.handed, s.bead_cutoff)
    return VariationalNetwork(
        mapping,
        encoder,
        prior,
        decoder,
        _head(s.features, s.latent),
        _head(2 * s.features, s.latent),
    )


def _head(n_features: int, n_latent: int) -> nn.Sequential:
    """Network from features to mean and log standard deviation, both initially zero."""
    network = mlp(n_features, n_features, 2 * n_latent)
    for parameter in network[-1].parameters():
        nn.init.zeros_(parameter)
    return network
