"""Encoders of the posterior: invariant features per bead from the positions of all atoms."""

import torch
from torch import Tensor, nn

from cgbench.nn.dense import Linear, mlp
from cgbench.nn.equivariant import EquivariantLayers, normalised_cross
from cgbench.nn.invariant import InvariantNetwork
from cgbench.nn.mapped_network import bead_sums, membership_matrix
from cgbench.nn.radial import RadialBasis


class BeadEncoder(nn.Module):
    """Equivariant layers on the beads, starting from the offsets of their atoms.

    The initial vectors of bead I are Σ_{i in I} w_i (x_i − X_I) with learned weights per atom type. The cost
    is linear in the number of atoms, because there are no messages between atoms. Enantiomers differ, because
    the pseudovectors are cross products of vectors.

    Parameters
    ----------
    bead_index : [n_atoms]
        Bead of every atom.
    kinds : [n_atoms]
        Type of every atom, numbered from 0; atoms of one type share their weights.
    n_features, n_vectors, n_layers, n_basis, n_heads
        Invariant and vector channels per bead, layers, radial basis functions, filters per layer.
    n_products
        Number of vectors that are multiplied with twice as many to give the first invariants.
    cutoff
        Å, between beads.
    """

    bead_index: Tensor
    kinds: Tensor
    members: Tensor

    def __init__(
        self,
        bead_index: Tensor,
        kinds: Tensor,
        n_features: int,
        n_vectors: int,
        n_layers: int,
        n_basis: int,
        n_heads: int,
        n_products: int,
        cutoff: float,
    ) -> None:
        super().__init__()
        members = membership_matrix(bead_index)
        self.register_buffer("bead_index", bead_index, persistent=False)
        self.register_buffer("kinds", kinds, persistent=False)
        self.register_buffer("members", members, persistent=False)
        size = torch.bincount(bead_index).float()[bead_index]  # atoms in the bead of every atom
        count = torch.bincount(kinds)
        size = torch.zeros(len(count)).index_add(0, kinds, size) / count  # mean over the atoms of a type
        self.weights = nn.Parameter(torch.randn(len(size), n_vectors) / size.sqrt().unsqueeze(-1))
        self.basis = RadialBasis(cutoff, n_basis)
        self.other_vector = Linear(n_vectors, n_vectors, bias=False)
        self.left = Linear(n_vectors, n_products, bias=False)
        self.right_v = Linear(n_vectors, n_products, bias=False)
        self.right_a = Linear(n_vectors, n_products, bias=False)
        self.products = mlp(2 * n_products**2, n_features, n_features)
        self.layers = EquivariantLayers(n_features, n_vectors, n_layers, n_basis, n_heads)
        self.readout = Linear(n_features + n_vectors, n_features)

    def forward(self, positions: Tensor, beads: Tensor, bead_features: Tensor) -> Tensor:
        """Encode frames [batch, n_atoms, 3] and bead features [batch, n_beads, F] to [batch, n_beads, F]."""
        with torch.no_grad():
            centred = beads - beads.mean(1, keepdim=True)
            basis = self.basis.of_pairs(centred)
            offset = (positions - beads[:, self.bead_index]).transpose(1, 2)  # [batch, 3, n_atoms]
        V = bead_sums(self.members, offset.unsqueeze(-1) * self.weights[self.kinds]).transpose(1, 2)
        A = normalised_cross(V, self.other_vector(V))
        product = self.left(V).transpose(2, 3) @ torch.cat((self.right_v(V), self.right_a(A)), dim=-1)
        # Scales like a length, as the products in the layers do.
        product = (product / (1.0 + product.abs()).sqrt()).flatten(-2)
        S = bead_features + self.products(product)
        S, P, *_ = self.layers((S, torch.zeros_like(V[:, :, 0]), V, A), centred, basis)
        return self.readout(torch.cat((S, P), dim=-1))


class AtomEncoder(nn.Module):
    """Messages between all atoms, pooled to the beads after every layer (arXiv 2201.12176).

    Parameters
    ----------
    bead_index, kinds : [n_atoms]
        As for :class:`BeadEncoder`.
    n_features, n_layers, n_basis, n_heads, n_handed, cutoff
        As for :class:`cgbench.nn.invariant.InvariantNetwork`. The cutoff between an atom and its bead is
        twice as large.
    """

    bead_index: Tensor
    members: Tensor

    def __init__(
        self,
        bead_index: Tensor,
        kinds: Tensor,
        n_features: int,
        n_layers: int,
        n_basis: int,
        n_heads: int,
        n_handed: int,
        cutoff: float,
    ) -> None:
        super().__init__()
        members = membership_matrix(bead_index)
        self.register_buffer("bead_index", bead_index, persistent=False)
        self.register_buffer("members", members, persistent=False)
        self.atoms = InvariantNetwork(kinds, n_features, n_layers, n_basis, n_heads, n_handed, cutoff)
        self.to_bead = RadialBasis(2 * cutoff, n_basis)
        self.filters = nn.ModuleList(Linear(n_basis, n_features, bias=False) for _ in range(n_layers))
        self.values = nn.ModuleList(Linear(n_features, n_features) for _ in range(n_layers))

    def forward(self, positions: Tensor, beads: Tensor, bead_features: Tensor) -> Tensor:
        """Encode frames [batch, n_atoms, 3] to [batch, n_beads, F]; bead features are not used."""
        with torch.no_grad():
            offset = positions - beads[:, self.bead_index]
            basis = self.to_bead(offset.square().sum(-1).sqrt()).transpose(1, 2)
        pooled = torch.zeros_like(bead_features)
        layers = zip(
            self.atoms(positions - beads.mean(1, keepdim=True)), self.values, self.filters, strict=True
        )
        for features, value, radial in layers:
            pooled = pooled + bead_sums(self.members, value(features) * (1.0 + radial(basis)))
        return pooled
