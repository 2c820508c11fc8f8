"""The decoder of the published CGVAE (arXiv 2201.12176)."""

import torch
from torch import Tensor, nn

from cgbench.core.errors import InputError
from cgbench.nn.decoder import Decoder
from cgbench.nn.dense import Linear
from cgbench.nn.equivariant import cross
from cgbench.nn.invariant import mlp
from cgbench.nn.radial import RadialBasis, channel_sum, pair_distance

State = tuple[Tensor, Tensor, Tensor, Tensor]  # S, S̄ [batch, n, F], V, V̄ [batch, n, 3, F]
INTO_VECTORS = (1, 2, 3, 4)  # of the nine filters, those whose terms V gains; 5 to 8 are of V̄


def xavier_mlp(n_in: int, n_hidden: int, n_out: int) -> nn.Sequential:
    """Two linear layers with SiLU between, with the initial weights of the published code."""
    layers = mlp(n_in, n_hidden, n_out)
    for layer in layers:
        if isinstance(layer, Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return layers


def filters(n_basis: int, n_channels: int) -> nn.Parameter:
    """Draw filters [K, C] likewise; larger ones would let the products of a few layers overflow."""
    return nn.Parameter(nn.init.xavier_uniform_(torch.empty(n_basis, n_channels)))


def terms_of_layer(layer: int, n_layers: int, broken: bool) -> tuple[int, ...]:
    """Which of the nine filters of a layer, counted from 0, meet a factor that is not zero and are read.

    V is zero before the first layer and V̄ before the second; S̄ starts as V̄·V does, or as one where
    symmetry is broken. Only V is read after the last layer, and S by its update.
    """
    turned = broken or layer > 2  # whether S̄ has left zero
    needed = {
        0: True,
        1: True,
        2: layer > 0,  # V
        3: layer > 1,  # V × V̄
        4: layer > 1 and turned,  # S̄ V̄
        5: layer > 1,  # V̄
        6: layer > 0 and turned,  # S̄ V
        7: layer > 0,  # V × V
        8: layer > 1,  # V̄ × V̄
    }
    last = layer == n_layers - 1
    return tuple(
        term for term, is_needed in needed.items() if is_needed and not (last and term > max(INTO_VECTORS))
    )


class PublishedMessage(nn.Module):
    """One layer over scalars S, pseudoscalars S̄, vectors V and pseudovectors V̄ of the beads.

    With w_k = φ_k(S_j)∘W_k(d_ij) and sums over neighbours j: ΔS_i = S_i Σ w0; ΔS̄_i = Σ V_i·V̄_j;
    ΔV_i = Σ [w1 r̂_ij + w2 V_j + w3 V_i×V̄_j + w4 S̄_i V̄_j];
    ΔV̄_i = Σ [w5 V̄_j + w6 S̄_i V_j + w7 V_i×V_j + w8 V̄_i×V̄_j]. What belongs to i stands before the sum.

    Parameters
    ----------
    n_features, n_basis
        F and radial functions.
    terms
        Of the nine, those that are computed.
    """

    def __init__(self, n_features: int, n_basis: int, terms: tuple[int, ...]) -> None:
        super().__init__()
        self.terms = terms
        self.source = xavier_mlp(n_features, n_features, len(terms) * n_features)
        self.filters = filters(n_basis, len(terms) * n_features)

    def forward(self, state: State, geometry: tuple[Tensor, Tensor, Tensor]) -> State:
        """Update (S, S̄, V, V̄), given what :meth:`PublishedDecoder.geometry` returns."""
        S, P, V, A = state
        basis, directed, neighbours = geometry
        n_terms = len(self.terms)
        value = dict(zip(self.terms, self.source(S).chunk(n_terms, dim=-1), strict=True))
        row = dict(zip(self.terms, self.filters.chunk(n_terms, dim=-1), strict=True))

        def summed(term: int, carried: Tensor) -> Tensor:
            """Σ_j φ(S_j)∘W(d_ij) carried_j; the components of a vector share a filter."""
            sent = value[term].unsqueeze(2) * carried
            return channel_sum(basis, sent.flatten(2), row[term].repeat(1, 3)).view_as(sent)

        dS, dP = S * channel_sum(basis, value[0], row[0]), torch.zeros_like(P)
        # The three components of r̂ are three more frames to the sum.
        towards = channel_sum(directed, value[1].repeat_interleave(3, dim=0), row[1])
        dV, dA = [towards.unflatten(0, (-1, 3)).transpose(1, 2)], []
        if 2 in self.terms:
            dV.append(summed(2, V))
        if 3 in self.terms:
            dV.append(cross(V, summed(3, A)))
        if 4 in self.terms:
            dV.append(P.unsqueeze(2) * summed(4, A))
        if 5 in self.terms:  # V̄ has left zero, and V̄ and S̄ are read by a later layer
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
    """PaiNN's update block (arXiv 2102.03150) on (S, V); the last one is read for V alone."""

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
    """Messages and updates on the beads; atom i is a channel of the vectors of its bead.

    All vectors stay in the plane of three beads, so there, and only there, S̄ starts as one instead of
    zero: this breaks the symmetry under reflection.

    Parameters
    ----------
    bead_index, mapping_matrix
        As in :class:`cgbench.nn.decoder.Decoder`.
    n_features, n_layers, n_basis, cutoff
        F, which is also the number of latents; layers, radial functions, Å.

    Raises
    ------
    InputError
        If a bead has more atoms than vectors.
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
        super().__init__(bead_index, mapping_matrix, n_features, correct_combination=False)
        self.broken = len(mapping_matrix) == 3
        same_bead = bead_index.unsqueeze(1) == bead_index
        channel = same_bead.tril(-1).sum(1)  # how many atoms of its bead come before it
        if channel.max() >= n_features:
            raise InputError(
                f"bead {int(bead_index[channel.argmax()])} has {int(channel.max()) + 1} atoms, each of which "
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

    def correction(self, latent: Tensor, centred: Tensor) -> Tensor:
        """Vectors [batch, n_atoms, 3] that turn with the centred beads [batch, n_beads, 3]."""
        vectors = latent.new_zeros(*latent.shape[:2], 3, latent.shape[2])
        pseudoscalars = torch.full_like(latent, float(self.broken))
        state = latent, pseudoscalars, vectors, vectors
        geometry = self.geometry(centred)
        for message, update in zip(self.messages, self.updates, strict=True):
            state = update(message(state, geometry))
        return state[2].transpose(2, 3).flatten(1, 2).index_select(1, self.place)

    @torch.no_grad()
    def geometry(self, beads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Bases [batch, K, n, n] and, with r̂_ij, [3 batch, K, n, n]; neighbours [batch, n, n], 0 or 1."""
        difference = (beads.unsqueeze(1) - beads.unsqueeze(2)).movedim(-1, 1)  # from i to j
        distance = pair_distance(beads)
        basis = self.basis(distance)
        unit = difference / distance.clamp_min(1e-6).unsqueeze(1)
        directed = (basis.unsqueeze(1) * unit.unsqueeze(2)).flatten(0, 1)
        return basis, directed, ((distance > 0) & (distance < self.basis.cutoff)).to(beads)
