"""Equivariant decoder with e3nn (arXiv 2207.09453): features of any degree and both parities."""

from collections.abc import Callable
from itertools import pairwise
from typing import Self

import e3nn
import torch
from e3nn import o3
from e3nn.nn import Gate
from torch import Tensor, nn

from cgbench.nn.decoder import Decoder
from cgbench.nn.dense import Linear
from cgbench.nn.radial import RadialBasis, filter_matrix, neighbour_sum, pair_distance

# Compiling in every process takes longer than it saves.
e3nn.set_optimization_defaults(jit_mode="eager")


class ExactTensorProduct(o3.FullyConnectedTensorProduct):  # type: ignore[misc]
    """Tensor product with coupling coefficients in the precision of its weights.

    e3nn stores the coefficients in float32, which would limit the equivariance in float64 to 1e-8.
    """

    def __init__(self, irreps_in1: o3.Irreps, irreps_in2: o3.Irreps, irreps_out: o3.Irreps) -> None:
        super().__init__(irreps_in1, irreps_in2, irreps_out)
        # Remove unused products, as compiling would.
        self._compiled_main_left_right.graph.eliminate_dead_code()
        self._compiled_main_left_right.recompile()
        exclude_constants(self)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        super()._apply(fn, recurse)
        for name, coefficients in self._compiled_main_left_right.named_buffers():
            degrees = map(int, name.split("_")[-3:])
            coefficients.copy_(o3.wigner_3j(*degrees, dtype=coefficients.dtype))
        return self


def exclude_constants(network: nn.Module) -> None:
    """Exclude the constants of e3nn from the state, and so from model files and the number of parameters."""
    for module in network.modules():
        for name, constant in list(module.named_buffers(recurse=False)):
            module.register_buffer(name, constant, persistent=False)


def bounded(features: Tensor) -> Tensor:
    """Scale features [..., channels] to a mean square below 1, so that products stay bounded."""
    return features * (1.0 + features.square().mean(-1, keepdim=True)).rsqrt()


class Convolution(nn.Module):
    """Tensor product of bead features with the neighbour density, followed by a gate.

    As in an atomic cluster expansion (MACE, arXiv 2206.07697), neighbours are summed in spherical harmonics
    of their directions before the product, so that there is one product per bead and not per pair. The gate
    (arXiv 1807.02547) applies a parity-preserving activation to scalars and multiplies all other features by
    scalars.

    Parameters
    ----------
    irreps_in, irreps_out
        Irreducible representations of input and output; the input starts with even scalars.
    l_max, n_basis, n_densities
        Largest degree of the harmonics, radial basis functions K, and number of densities m, each with its
        own radial filters.
    """

    def __init__(
        self, irreps_in: o3.Irreps, irreps_out: o3.Irreps, l_max: int, n_basis: int, n_densities: int
    ) -> None:
        super().__init__()
        scalars, gated = irreps_out.filter(lmax=0), irreps_out.filter(drop=["0e", "0o"])
        activations = [nn.functional.silu if part.ir.p == 1 else torch.tanh for part in scalars]
        self.gate = Gate(scalars, activations, f"{gated.num_irreps}x0e", [torch.sigmoid], gated)
        self.n_senders = irreps_in[0].mul
        self.send = Linear(self.n_senders, n_densities)
        self.density_filters = nn.ParameterList(filter_matrix(n_basis, n_densities) for _ in range(l_max + 1))
        self.filters = filter_matrix(n_basis, 1)
        density = o3.Irreps([(n_densities, (degree, (-1) ** degree)) for degree in range(l_max + 1)])
        self.product = ExactTensorProduct(irreps_in, density, self.gate.irreps_in)
        self.keep = o3.Linear(irreps_in, self.gate.irreps_in)
        exclude_constants(self)

    def forward(self, features: Tensor, basis: Tensor, harmonics: Tensor) -> Tensor:
        """Map features [batch, n, ...] with basis [batch, K, n, n] and harmonics [batch, K, m, n, n].

        The harmonics of the directions include the factor of the basis.
        """
        values = features + neighbour_sum(basis, features.unsqueeze(2), self.filters).squeeze(2)
        product = self.product(bounded(values), bounded(self._density(features, harmonics)))
        return self.gate(product + self.keep(features))

    def _density(self, features: Tensor, harmonics: Tensor) -> Tensor:
        message = self.send(features[..., : self.n_senders])
        summed = torch.matmul(harmonics.flatten(1, 3), message).unflatten(1, harmonics.shape[1:4])
        by_degree = summed.split([2 * degree + 1 for degree in range(len(self.density_filters))], dim=2)
        parts = [
            torch.einsum("bkmic,kc->bicm", part, filters).flatten(2)
            for part, filters in zip(by_degree, self.density_filters, strict=True)
        ]
        return torch.cat(parts, dim=-1)


class E3nnDecoder(Decoder):
    """Convolutions over the beads with features of degree 0 to l_max and both parities.

    The latents enter as scalars and as pseudoscalars, so that enantiomers differ. The first convolution gives
    vectors and pseudovectors from directions to other beads; the products of the second one can leave the
    plane of planar beads. Every atom is a learned combination of the vectors and pseudovectors of its bead.

    Parameters
    ----------
    bead_index, mapping_matrix, n_latent
        As in :class:`cgbench.nn.decoder.Decoder`.
    multiplicities
        Channels of degree 0, 1, ..., l_max for each parity.
    n_layers, n_basis, n_densities
        Convolutions (at least two), and sizes as in :class:`Convolution`.
    cutoff
        Å, between beads.
    """

    def __init__(
        self,
        bead_index: Tensor,
        mapping_matrix: Tensor,
        n_latent: int,
        multiplicities: tuple[int, ...],
        n_layers: int,
        n_basis: int,
        n_densities: int,
        cutoff: float,
    ) -> None:
        super().__init__(bead_index, mapping_matrix, n_latent)
        n_beads, n_atoms = mapping_matrix.shape
        l_max, n_scalars, n_vectors = len(multiplicities) - 1, multiplicities[0], multiplicities[1]
        irreps = o3.Irreps([(n, (degree, p)) for degree, n in enumerate(multiplicities) for p in (1, -1)])
        self.irreps_in, self.irreps_out = irreps[:2], irreps[2:4]
        self.identity = nn.Parameter(torch.randn(n_beads, n_scalars))
        self.scalar = Linear(n_latent, n_scalars)
        self.pseudoscalar = Linear(n_latent, n_scalars)
        self.basis = RadialBasis(cutoff, n_basis)
        self.harmonics = o3.SphericalHarmonics(
            list(range(l_max + 1)), normalize=True, normalization="component"
        )
        steps = [self.irreps_in, *[irreps] * (n_layers - 1), self.irreps_out]
        self.layers = nn.ModuleList(
            Convolution(before, after, l_max, n_basis, n_densities) for before, after in pairwise(steps)
        )
        self.readout = nn.Parameter(torch.randn(n_atoms, 1, 2 * n_vectors) / (2 * n_vectors))

    def displacements(self, latent: Tensor, centred: Tensor) -> Tensor:
        """Return equivariant displacements [batch, n_atoms, 3] for centred beads [batch, n_beads, 3]."""
        start = torch.cat((self.scalar(latent) + self.identity, self.pseudoscalar(latent)), dim=-1)
        # e3nn orders the components of vectors as x, y, z. Atoms combine vectors and pseudovectors, because
        # the molecule is chiral and its beads need not be.
        vectors = self.convolve(start, centred).unflatten(-1, (-1, 3))
        return torch.matmul(self.readout, vectors[:, self.bead_index]).squeeze(-2)

    def convolve(self, features: Tensor, centred: Tensor) -> Tensor:
        """Map features of ``irreps_in`` to ``irreps_out``, both [batch, n_beads, ...]."""
        with torch.no_grad():
            # The factor of the cutoff gives sums over neighbours a mean square of about 1.
            basis = self.basis(pair_distance(centred)) * self.basis.cutoff
            directions = self.harmonics(centred.unsqueeze(1) - centred.unsqueeze(2))
            harmonics = basis.unsqueeze(2) * directions.movedim(-1, 1).unsqueeze(1)
        for layer in self.layers:
            features = layer(features, basis, harmonics)
        return features
