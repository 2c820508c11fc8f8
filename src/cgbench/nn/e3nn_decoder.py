"""A decoder made of irreducible representations of O(3), with e3nn (arXiv 2207.09453).

The example of a general equivariant decoder: features of every degree and both parities, and all the
products of them that symmetry allows.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, Self

import e3nn
import torch
from e3nn import o3
from e3nn.nn import Gate
from torch import Tensor, nn

from cgbench.nn.decoder import Decoder
from cgbench.nn.dense import Linear
from cgbench.nn.local_coordinates import LocalCoordinates
from cgbench.nn.radial import RadialBasis, filter_matrix, neighbour_sum, pair_distance

# Compiling would take longer than it saves, in every process anew.
e3nn.set_optimization_defaults(jit_mode="eager")


class ExactTensorProduct(o3.FullyConnectedTensorProduct):  # type: ignore[misc]
    """A tensor product that is equivariant to float64 once cast to it, and the same once unpickled.

    e3nn stores coupling coefficients in float32; cast from there, they would be wrong by 1e-8.
    """

    def __init__(self, irreps_in1: o3.Irreps, irreps_in2: o3.Irreps, irreps_out: o3.Irreps) -> None:
        super().__init__(irreps_in1, irreps_in2, irreps_out)
        # Products that nothing reads, which compiling would have removed.
        self._compiled_main_left_right.graph.eliminate_dead_code()
        self._compiled_main_left_right.recompile()
        leave_constants_out_of_state(self)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        super()._apply(fn, recurse)
        for name, coefficients in self._compiled_main_left_right.named_buffers():
            degrees = map(int, name.split("_")[-3:])
            coefficients.copy_(o3.wigner_3j(*degrees, dtype=coefficients.dtype))
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # Made anew when unpickled: what e3nn restores has constants of other names, past the cast above.
        return type(self), (self.irreps_in1, self.irreps_in2, self.irreps_out), self.weight

    def __setstate__(self, weight: nn.Parameter) -> None:
        self.to(weight)
        self.weight = weight


def leave_constants_out_of_state(made_by_e3nn: nn.Module) -> None:
    """Keep what is not learned out of model files and of the number of parameters."""
    for module in made_by_e3nn.modules():
        for name, constant in list(module.named_buffers(recurse=False)):
            module.register_buffer(name, constant, persistent=False)


def bounded(features: Tensor) -> Tensor:
    """Features [..., channels] scaled to a mean square below 1, so that products cannot blow up."""
    return features * (1.0 + features.square().mean(-1, keepdim=True)).rsqrt()


class Convolution(nn.Module):
    """Features of a bead and its neighbours times the density around the bead, through a gate.

    As in an atomic cluster expansion (arXiv 2206.07697), neighbours are first summed up in spherical
    harmonics of their directions, so that there is one product for a bead, not for a pair of beads. The
    gate (arXiv 1807.02547) passes scalars through a function that keeps their parity and multiplies all
    other features by scalars.

    Parameters
    ----------
    irreps_in, irreps_out
        Features before and after; the former start with even scalars.
    l_max, n_basis, n_densities
        Highest degree of the harmonics; radial functions; densities, each a sum over neighbours with
        radial filters of its own.
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
        leave_constants_out_of_state(self)

    def forward(self, features: Tensor, basis: Tensor, harmonics: Tensor) -> Tensor:
        """Map features [batch, n, ...], with basis [batch, K, n, n] and harmonics [batch, K, m, n, n].

        The harmonics of the directions are to be multiplied by the basis already.
        """
        seen = features + neighbour_sum(basis, features.unsqueeze(2), self.filters).squeeze(2)
        product = self.product(bounded(seen), bounded(self._density(features, harmonics)))
        return self.gate(product + self.keep(features))

    def _density(self, features: Tensor, harmonics: Tensor) -> Tensor:
        sent = self.send(features[..., : self.n_senders])
        summed = torch.matmul(harmonics.flatten(1, 3), sent).unflatten(1, harmonics.shape[1:4])
        by_degree = summed.split([2 * degree + 1 for degree in range(len(self.density_filters))], dim=2)
        parts = [
            torch.einsum("bkmic,kc->bicm", part, filters).flatten(2)
            for part, filters in zip(by_degree, self.density_filters, strict=True)
        ]
        return torch.cat(parts, dim=-1)


class E3nnDecoder(Decoder):
    """Convolutions over the beads with features of degree 0 to l_max, of both parities.

    The latent vector enters as scalars and as pseudoscalars, so that left and right differ. The first
    convolution makes vectors and pseudovectors from directions to other beads, the second takes
    products of them with directions: these lead out of a plane in which all beads lie. Every atom reads
    its own combination of the vectors and pseudovectors of its bead.

    Parameters
    ----------
    bead_index, mapping_matrix
        As in :class:`Decoder`.
    n_latent
        Latent numbers per bead.
    multiplicities
        Channels of degree 0, 1, ..., l_max, of each parity.
    n_layers, n_basis, n_densities
        Convolutions, at least two; the others as in :class:`Convolution`.
    cutoff
        Å.
    correct_combination, local
        As in :class:`Decoder`.
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
        *,
        correct_combination: bool = True,
        local: LocalCoordinates | None = None,
    ) -> None:
        super().__init__(
            bead_index, mapping_matrix, n_latent, correct_combination=correct_combination, local=local
        )
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

    def correction(self, latent: Tensor, centred: Tensor) -> Tensor:
        """Vectors [batch, n_atoms, 3] that turn with the centred beads [batch, n_beads, 3]."""
        start = torch.cat((self.scalar(latent) + self.identity, self.pseudoscalar(latent)), dim=-1)
        # e3nn's components of a vector are x, y and z. Chirality is a fact of the molecule, not of its
        # beads: both parities reach the atoms.
        vectors = self.convolve(start, centred).unflatten(-1, (-1, 3))
        return torch.matmul(self.readout, vectors[:, self.bead_index]).squeeze(-2)

    def convolve(self, features: Tensor, centred: Tensor) -> Tensor:
        """Map features of ``irreps_in`` to those of ``irreps_out``, both [batch, n_beads, ...]."""
        with torch.no_grad():
            # Times the cutoff, so that sums over neighbours reach the size that they are bounded to.
            basis = self.basis(pair_distance(centred)) * self.basis.cutoff
            directions = self.harmonics(centred.unsqueeze(1) - centred.unsqueeze(2))
            harmonics = basis.unsqueeze(2) * directions.movedim(-1, 1).unsqueeze(1)
        for layer in self.layers:
            features = layer(features, basis, harmonics)
        return features
