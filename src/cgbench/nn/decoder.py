"""Equivariant decoders from beads and one invariant latent vector per bead to all atoms."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from cgbench.nn.dense import Linear, mlp
from cgbench.nn.equivariant import EquivariantLayers, normalised_cross
from cgbench.nn.mapped_network import on_beads, shares_atoms
from cgbench.nn.radial import Pairs, RadialBasis, filter_matrix, neighbour_sum


class Decoder(nn.Module, ABC):
    """Base class of decoders, with M x = X exactly.

    Atoms start from their beads and are displaced by a network; then those of each bead are shifted so that
    the bead is at X.

    Parameters
    ----------
    bead_index : [n_atoms]
        Bead of every atom.
    mapping_matrix : [n_beads, n_atoms]
        M.
    n_latent
        Number L of latent variables per bead.
    """

    bead_index: Tensor
    matrix: Tensor

    def __init__(self, bead_index: Tensor, mapping_matrix: Tensor, n_latent: int) -> None:
        super().__init__()
        self.n_latent = n_latent
        self.register_buffer("bead_index", bead_index, persistent=False)
        self.register_buffer("matrix", mapping_matrix, persistent=False)
        self.shared = shares_atoms(mapping_matrix)

    def forward(self, latent: Tensor, beads: Tensor) -> Tensor:
        """Decode latents [batch, n_beads, L] at beads [batch, n_beads, 3] (Å) to [batch, n_atoms, 3] (Å)."""
        centred = beads - beads.mean(1, keepdim=True)
        displacements = self.displacements(latent, centred)
        return on_beads(displacements, beads, self.matrix, self.bead_index, self.shared)

    @abstractmethod
    def displacements(self, latent: Tensor, centred: Tensor) -> Tensor:
        """Return equivariant displacements [batch, n_atoms, 3] for centred beads [batch, n_beads, 3]."""


class EquivariantDecoder(Decoder):
    """Decoder with equivariant layers on the beads.

    Every atom is a learned combination of the vectors and pseudovectors of its bead, so a bead may contain
    any number of atoms. Pseudoscalars start from the latents, and pseudovectors from cross products of bead
    directions; atoms can therefore leave the plane of planar beads from the first layer on. With one or two
    beads atoms stay on their point or line.

    Parameters
    ----------
    bead_index, mapping_matrix, n_latent
        As in :class:`Decoder`.
    n_features, n_vectors, n_layers, n_basis, n_heads
        Invariant and vector channels per bead, layers, radial basis functions, filters per layer.
    cutoff
        Å, between beads.
    """

    def __init__(
        self,
        bead_index: Tensor,
        mapping_matrix: Tensor,
        n_latent: int,
        n_features: int,
        n_vectors: int,
        n_layers: int,
        n_basis: int,
        n_heads: int,
        cutoff: float,
    ) -> None:
        super().__init__(bead_index, mapping_matrix, n_latent)
        self.basis = RadialBasis(cutoff, n_basis)
        self.identity = nn.Parameter(torch.randn(len(mapping_matrix), n_features))
        self.scalar = Linear(n_latent, n_features)
        self.pseudoscalar = Linear(n_latent, n_vectors)
        self.direction = mlp(n_features, n_features, n_vectors)
        self.direction_filters = filter_matrix(n_basis, n_vectors)
        self.other_direction = Linear(n_vectors, n_vectors, bias=False)
        self.layers = EquivariantLayers(n_features, n_vectors, n_layers, n_basis, n_heads)
        self.readout = nn.Parameter(torch.randn(len(bead_index), 2 * n_vectors) / (2 * n_vectors) ** 0.5)

    def displacements(self, latent: Tensor, centred: Tensor) -> Tensor:
        """Return equivariant displacements [batch, n_atoms, 3] for centred beads [batch, n_beads, 3]."""
        with torch.no_grad():
            basis = self.basis.of_pairs(centred)
        *_, V, A = self.layers(self._start(latent, centred, basis), centred, basis)
        # Atoms combine vectors and pseudovectors, because the molecule is chiral and its beads need not be.
        vectors = torch.cat((V, A), dim=-1)[:, self.bead_index]
        return torch.matmul(vectors, self.readout.unsqueeze(-1)).squeeze(-1)

    def _start(self, latent: Tensor, centred: Tensor, basis: Pairs) -> tuple[Tensor, ...]:
        S = self.scalar(latent) + self.identity
        # The constant 1 gives the initial vectors the magnitude of the bead directions.
        value = 1.0 + self.direction(S).unsqueeze(-1)
        carried = torch.cat((value * centred.unsqueeze(2), value), dim=-1)
        summed = neighbour_sum(basis, carried, self.direction_filters)
        V = (summed[..., :3] - centred.unsqueeze(2) * summed[..., 3:]).transpose(2, 3)
        return S, self.pseudoscalar(latent), V, normalised_cross(V, self.other_direction(V))
