"""What the posterior sees of a frame: invariant features per bead, read from all atoms."""

import torch
from torch import Tensor, nn

from cgbench.nn.dense import Linear
from cgbench.nn.equivariant import EquivariantLayers, normalised_cross
from cgbench.nn.invariant import InvariantNetwork, mlp
from cgbench.nn.mapping_module import members_of
from cgbench.nn.radial import RadialBasis, pair_distance


class BeadEncoder(nn.Module):
    """Equivariant layers on the beads, which begin with where their atoms are.

    The offsets of its atoms, x_i − X_I, enter a bead as vectors, by weights of every atom's own. Nothing
    is lost that the vectors have room for, no pair of atoms is looked at, and cost grows with the number
    of atoms instead of its square. Left and right differ, as the pseudovectors are products of vectors.

    Parameters
    ----------
    bead_index : [n_atoms]
    kinds : [n_atoms]
        What is known of every atom, numbered from 0: atoms of one kind cannot be told apart.
    n_features, n_vectors, n_layers, n_basis, n_heads
        As for the decoder.
    n_products
        Inner products of so many with twice as many vectors are the first invariants of a bead.
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
        members = members_of(bead_index)
        self.register_buffer("bead_index", bead_index, persistent=False)
        self.register_buffer("kinds", kinds, persistent=False)
        self.register_buffer("members", members, persistent=False)
        size = members.sum(1)[bead_index]  # of the bead of every atom
        count = torch.bincount(kinds)
        size = torch.zeros(len(count)).index_add(0, kinds, size) / count  # on average over atoms of a kind
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
        """Features [batch, n_beads, F] of frames [batch, n_atoms, 3] and what is known of their beads."""
        with torch.no_grad():
            centred = beads - beads.mean(1, keepdim=True)
            basis = self.basis(pair_distance(centred))
            offset = (positions - beads[:, self.bead_index]).transpose(1, 2)  # [batch, 3, n_atoms]
        V = torch.matmul(self.members, offset.unsqueeze(-1) * self.weights[self.kinds]).transpose(1, 2)
        A = normalised_cross(V, self.other_vector(V))
        product = self.left(V).transpose(2, 3) @ torch.cat((self.right_v(V), self.right_a(A)), dim=-1)
        # Grows like a length, as the products that the layers take do.
        product = (product / (1.0 + product.abs()).sqrt()).flatten(-2)
        S = bead_features + self.products(product)
        S, P, *_ = self.layers((S, torch.zeros_like(V[:, :, 0]), V, A), centred, basis)
        return self.readout(torch.cat((S, P), dim=-1))


class AtomEncoder(nn.Module):
    """Messages between all atoms, pooled to their beads after every layer, as in the paper.

    Parameters
    ----------
    bead_index, kinds : [n_atoms]
        As for :class:`BeadEncoder`.
    n_features, n_layers, n_basis, n_heads, n_handed, cutoff
        As for :class:`cgbench.nn.invariant.InvariantNetwork`; their distance to
        their bead counts up to twice the cutoff.
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
        members = members_of(bead_index)
        self.register_buffer("bead_index", bead_index, persistent=False)
        self.register_buffer("members", members, persistent=False)
        self.atoms = InvariantNetwork(kinds, n_features, n_layers, n_basis, n_heads, n_handed, cutoff)
        self.to_bead = RadialBasis(2 * cutoff, n_basis)
        self.filters = nn.ModuleList(Linear(n_basis, n_features, bias=False) for _ in range(n_layers))
        self.values = nn.ModuleList(Linear(n_features, n_features) for _ in range(n_layers))

    def forward(self, positions: Tensor, beads: Tensor, bead_features: Tensor) -> Tensor:
        """Features [batch, n_beads, F] of frames [batch, n_atoms, 3]."""
        with torch.no_grad():
            offset = positions - beads[:, self.bead_index]
            basis = self.to_bead(offset.square().sum(-1).sqrt()).transpose(1, 2)
        pooled = torch.zeros_like(bead_features)
        layers = zip(
            self.atoms(positions - beads.mean(1, keepdim=True)), self.values, self.filters, strict=True
        )
        for features, value, radial in layers:
            pooled = pooled + self.members @ (value(features) * (1.0 + radial(basis)))
        return pooled
