"""Decoder of the published CGVAE (arXiv 2201.12176)."""

import torch
from torch import Tensor, nn

from cgbench.core.errors import InputError
from cgbench.nn.decoder import Decoder
from cgbench.nn.dense import Linear, mlp
from cgbench.nn.equivariant import cross
from cgbench.nn.radial import RadialBasis, channel_sum, pair_distance

State = tuple[Tensor, Tensor, Tensor, Tensor]  # S, S̄ [batch, n, F], V, V̄ [batch, n, 3, F]
VECTOR_TERMS = (1, 2, 3, 4)  # filters of the terms of ΔV; 5 to 8 are those of ΔV̄


def xavier_mlp(n_in: int, n_hidden: int, n_out: int) -> nn.Sequential:
    """Return two linear layers with SiLU and the initial weights of the published code."""
    layers = mlp(n_in, n_hidden, n_out)
    for layer in layers:
        if isinstance(layer, Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return layers


def xavier_filters(n_basis: int, n_channels: int) -> nn.Parameter:
    """Draw initial filters [K, C] as published; with larger ones the products of a few layers overflow."""
    return nn.Parameter(nn.init.xavier_uniform_(torch.empty(n_basis, n_channels)))


def terms_of_layer(layer: int, n_layers: int, broken: bool) -> tuple[int, ...]:
    """Select the filters, of nine, that have an effect in a layer, counted from 0.

    V is zero before the first layer and V̄ before the second. S̄ becomes non-zero with V̄·V, or is one from
    the start if the symmetry is broken. After the last layer only V is used, and S in its update.
    """
    pseudoscalar = broken or layer > 2  # S̄ is not zero
    has_effect = {
        0: True,
        1: True,
        2: layer > 0,  # V
        3: layer > 1,  # V × V̄
        4: layer > 1 and pseudoscalar,  # S̄ V̄
        5: layer > 1,  # V̄
        6: layer > 0 and pseudoscalar,  # S̄ V
        7: layer > 0,  # V × V
        8: layer > 1,  # V̄ × V̄
    }
    used = range(max(VECTOR_TERMS) + 1) if layer == n_layers - 1 else range(len(has_effect))
    return tuple(term for term in used if has_effect[term])


class PublishedMessage(nn.Module):
    """One message layer for scalars S, pseudoscalars S̄, vectors V and pseudovectors V̄ of the beads.

    With w_k = φ_k(S_j)∘W_k(d_ij) and sums over neighbours j: ΔS_i = S_i Σ w0; ΔS̄_i = Σ V_i·V̄_j; ΔV_i = Σ
    [w1 r̂_ij + w2 V_j + w3 V_i×V̄_j + w4 S̄_i V̄_j]; ΔV̄_i = Σ [w5 V̄_j + w6 S̄_i V_j + w7 V_i×V_j + w8
    V̄_i×V̄_j]. Factors of bead i are taken out of the sums.

    Parameters
    ----------
    n_features, n_basis
        Channels F and radial basis functions K.
    terms
        Filters k that are computed.
    """

    def __init__(self, n_features: int, n_basis: int, terms: tuple[int, ...]) -> None:
        super().__init__()
        self.terms = terms
        self.source = xavier_mlp(n_features, n_features, len(terms) * n_features)
        self.filters = xavier_filters(n_basis, len(terms) * n_features)

    def forward(self, state: State, geometry: tuple[Tensor, Tensor, Tensor]) -> State:
        """Update (S, S̄, V, V̄) with the result of :meth:`PublishedDecoder.geometry`."""
        S, P, V, A = state
        basis, directed, neighbours = geometry
        n_terms = len(self.terms)
        value = dict(zip(self.terms, self.source(S).chunk(n_terms, dim=-1), strict=True))
        row = dict(zip(self.terms, self.filters.chunk(n_terms, dim=-1), strict=True))

        def summed(term: int, vectors: Tensor) -> Tensor:
            """Compute Σ_j φ(S_j)∘W(d_ij) vectors_j with one filter for the three components."""
            message = value[term].unsqueeze(2) * vectors
            return channel_sum(basis, message.flatten(2), row[term].repeat(1, 3)).view_as(message)

        dS, dP = S * channel_sum(basis, value[0], row[0]), torch.zeros_like(P)
        # The three components of r̂ are treated as three frames.
        direction = channel_sum(directed, value[1].repeat_interleave(3, dim=0), row[1])
        dV, dA = [direction.unflatten(0, (-1, 3)).transpose(1, 2)], []
        if 2 in self.terms:
            dV.append(summed(2, V))
        if 3 in self.terms:
            dV.append(cross(V, summed(3, A)))
        if 4 in self.terms:
            dV.append(P.unsqueeze(2) * summed(4, A))
        if 5 in self.terms:  # V̄ is not zero, and a later layer uses V̄ and S̄
            dA.append(summed(5, A))
            dP = (V * (neighbours @ A.flatten(2)).view_as(A)).sum(2)
        if 6 in self.terms:
            dA.append(P.unsqueeze(2) * summed(6, V))
        if 7 in self.terms:
            dA.append(cross(V, summed(7, V)))
        if 8 in self.terms:
            dA.append(cross(A, summed(8, A)))
        return S + dS, P + dP, sum(dV, V), sum(dA, A)


class PublishedUpdate(nn.Module):
    """Update block of PaiNN (arXiv 2102.03150) on (S, V); only V is used after the last one."""

    def __init__(self, n_features: int, is_last: bool) -> None:
        super().__init__()
        self.is_last = is_last
        self.mix = Linear(n_features, 2 * n_features, bias=False)
        self.gate = xavier_mlp(2 * n_features, n_features, n_features if is_last else 3 * n_features)

    def forward(self, state: State) -> State:
        """Update (S, S̄, V, V̄)."""
        S, P, V, A = state
        u, v = self.mix(V).chunk(2, dim=-1)
        length = (v.square().sum(2) + 1e-10).sqrt()
        gates = self.gate(torch.cat((S, length), dim=-1)).chunk(1 if self.is_last else 3, dim=-1)
        if not self.is_last:
            S = S + (u * v).sum(2) * gates[1] + gates[2]
        return S, P, V + gates[0].unsqueeze(2) * u, A


class PublishedDecoder(Decoder):
    """Published decoder: atom i is one channel of the vectors of its bead.

    With three beads all vectors would stay in their plane. Therefore S̄ starts as one instead of zero in this
    case, which breaks the symmetry under reflection.

    Parameters
    ----------
    bead_index, mapping_matrix
        As in :class:`cgbench.nn.decoder.Decoder`.
    n_features, n_layers, n_basis, cutoff
        Channels F, which is also the number of latents; layers, radial basis functions K, and the cutoff in
        Å.

    Raises
    ------
    InputError
        If a bead has more atoms than channels.
    """

    place: Tensor

    def __init__(
        self,
        bead_index: Tensor,
        mapping_matrix: Tensor,
        n_features: int,
        n_layers: int,
        n_basis: int,
        cutoff: float,
    ) -> None:
        super().__init__(bead_index, mapping_matrix, n_features)
        self.broken = len(mapping_matrix) == 3
        same_bead = bead_index.unsqueeze(1) == bead_index
        channel = same_bead.tril(-1).sum(1)  # rank of the atom within its bead
        if channel.max() >= n_features:
            raise InputError(
                f"bead {int(bead_index[channel.argmax()])} has {int(channel.max()) + 1} atoms, and each "
                f"needs a channel; raise features (now {n_features})"
            )
        self.register_buffer("place", bead_index * n_features + channel, persistent=False)
        self.basis = RadialBasis(cutoff, n_basis)
        self.messages = nn.ModuleList(
            PublishedMessage(n_features, n_basis, terms_of_layer(layer, n_layers, self.broken))
            for layer in range(n_layers)
        )
        self.updates = nn.ModuleList(
            PublishedUpdate(n_features, layer == n_layers - 1) for layer in range(n_layers)
        )

    def displacements(self, latent: Tensor, centred: Tensor) -> Tensor:
        """Return equivariant displacements [batch, n_atoms, 3] for centred beads [batch, n_beads, 3]."""
        vectors = latent.new_zeros(*latent.shape[:2], 3, latent.shape[2])
        pseudoscalars = torch.full_like(latent, float(self.broken))
        state = latent, pseudoscalars, vectors, vectors
        geometry = self.geometry(centred)
        for message, update in zip(self.messages, self.updates, strict=True):
            state = update(message(state, geometry))
        return state[2].transpose(2, 3).flatten(1, 2).index_select(1, self.place)

    @torch.no_grad()
    def geometry(self, beads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return basis [batch, K, n, n], basis times r̂_ij [3 batch, K, n, n], neighbours [batch, n, n]."""
        difference = (beads.unsqueeze(1) - beads.unsqueeze(2)).movedim(-1, 1)  # from i to j
        distance = pair_distance(beads)
        basis = self.basis(distance)
        unit = difference / distance.clamp_min(1e-6).unsqueeze(1)
        directed = (basis.unsqueeze(1) * unit.unsqueeze(2)).flatten(0, 1)
        return basis, directed, ((distance > 0) & (distance < self.basis.cutoff)).to(beads)
