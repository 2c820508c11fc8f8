"""Network modules: neighbour sums, chirality, equivariance, planar beads."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from cgbench.mapping.base import Mapping
from cgbench.nn.decoder import EquivariantDecoder
from cgbench.nn.encoders import AtomEncoder, BeadEncoder
from cgbench.nn.equivariant import EquivariantMessage, cross, normalised_cross
from cgbench.nn.invariant import ChiralFeatures, InvariantNetwork
from cgbench.nn.radial import RadialBasis, neighbour_sum, pair_distance

N_LATENT = 5


def plain_neighbour_sum(
    positions: np.ndarray, values: np.ndarray, filters: np.ndarray, cutoff: float
) -> np.ndarray:
    """Loop over pairs: Σ_j Σ_k A_kh sin(kπd/c)/d · (cos(πd/c)+1)/2 · v_jhc."""
    result = np.zeros_like(values)
    for b, frame in enumerate(positions):
        for i in range(len(frame)):
            for j in range(len(frame)):
                d = np.linalg.norm(frame[i] - frame[j])
                if i == j or d >= cutoff:
                    continue
                k = np.arange(1, len(filters) + 1)
                basis = np.sin(k * np.pi * d / cutoff) / d * 0.5 * (np.cos(np.pi * d / cutoff) + 1)
                result[b, i] += (basis @ filters)[:, None] * values[b, j]
    return result


@pytest.mark.parametrize(
    ("n_basis", "heads", "channels"),
    [(8, 2, 16), (2, 16, 1), (4, 1, 1)],
    ids=["filters first", "neighbours first", "single"],
)
def test_neighbour_sum_is_the_plain_loop(
    n_basis: int, heads: int, channels: int, rng: np.random.Generator
) -> None:
    positions = rng.normal(size=(2, 9, 3)) * 2.5
    values = rng.normal(size=(2, 9, heads, channels))
    filters = rng.normal(size=(n_basis, heads))
    basis = RadialBasis(6.0, n_basis)(pair_distance(torch.as_tensor(positions)))
    summed = neighbour_sum(basis, torch.as_tensor(values), torch.as_tensor(filters))
    np.testing.assert_allclose(
        summed, plain_neighbour_sum(positions, values, filters, 6.0), rtol=1e-10, atol=1e-12
    )


def test_basis_vanishes_at_the_cutoff_and_at_zero() -> None:
    basis = RadialBasis(6.0, 4)
    values = basis(torch.tensor([[0.0, 1.0, 5.999, 6.0, 60.0]], dtype=torch.float64))
    assert values.shape == (1, 4, 5)
    assert values[0, :, [0, 3, 4]].abs().max() == 0
    assert values[0, :, 2].abs().max() < 1e-6
    assert values[0, :, 1].abs().max() > 0.1


def random_turn() -> torch.Tensor:
    return torch.as_tensor(Rotation.from_rotvec([1.0, -0.4, 2.2]).as_matrix())


@pytest.fixture
def points(rng: np.random.Generator) -> torch.Tensor:
    positions = torch.as_tensor(rng.normal(size=(4, 7, 3)) * 2)
    return positions - positions.mean(1, keepdim=True)


@pytest.fixture
def network() -> InvariantNetwork:
    torch.manual_seed(3)
    return InvariantNetwork(torch.arange(7), 16, 2, 6, 4, 5, 8.0).double()


def test_invariant_features_are_invariant_under_rotation(
    points: torch.Tensor, network: InvariantNetwork
) -> None:
    for before, after in zip(network(points), network(points @ random_turn().T), strict=True):
        torch.testing.assert_close(before, after, rtol=0, atol=1e-8)


def test_invariant_features_distinguish_enantiomers(points: torch.Tensor, network: InvariantNetwork) -> None:
    assert (network(points)[-1] - network(-points)[-1]).abs().max() > 1e-4


def test_without_chiral_channels_mirror_images_are_the_same(points: torch.Tensor) -> None:
    network = InvariantNetwork(torch.arange(7), 16, 2, 6, 4, 0, 8.0).double()
    torch.testing.assert_close(network(points)[-1], network(-points)[-1], rtol=0, atol=1e-10)


def test_points_have_an_identity(points: torch.Tensor, network: InvariantNetwork) -> None:
    swapped = points[:, [1, 0, 2, 3, 4, 5, 6]]
    assert (network(points)[-1][:, 2] - network(swapped)[-1][:, 2]).abs().max() > 1e-4


def decoder(n_beads: int, per_bead: int = 4) -> EquivariantDecoder:
    torch.manual_seed(5)
    mapping = Mapping.centres(np.repeat(np.arange(n_beads), per_bead))
    return EquivariantDecoder(
        torch.as_tensor(mapping.bead_index),
        torch.as_tensor(mapping.matrix),
        N_LATENT,
        16,
        8,
        2,
        6,
        4,
        9.5,
    ).double()


@pytest.mark.parametrize("n_beads", [1, 2, 3, 6, 12])
def test_decoder_is_equivariant_and_keeps_beads(n_beads: int, rng: np.random.Generator) -> None:
    beads = torch.as_tensor(rng.normal(size=(4, n_beads, 3)) * 3)
    latent = torch.as_tensor(rng.normal(size=(4, n_beads, N_LATENT)))
    model = decoder(n_beads)
    turn, shift = random_turn(), torch.tensor([5.0, -3.0, 9.0], dtype=torch.float64)
    atoms = model(latent, beads)
    torch.testing.assert_close(
        model(latent, beads @ turn.T + shift), atoms @ turn.T + shift, rtol=0, atol=1e-8
    )
    torch.testing.assert_close(model.matrix @ atoms, beads, rtol=0, atol=1e-10)


def encoders(bead_index: torch.Tensor, kinds: torch.Tensor | None = None) -> list[torch.nn.Module]:
    torch.manual_seed(5)
    kinds = torch.arange(len(bead_index)) if kinds is None else kinds
    return [
        BeadEncoder(bead_index, kinds, 16, 8, 2, 6, 4, 4, 9.5).double(),
        AtomEncoder(bead_index, kinds, 16, 2, 6, 4, 5, 8.0).double(),
    ]


@pytest.mark.parametrize("which", [0, 1], ids=["beads", "atoms"])
@pytest.mark.parametrize("n_beads", [2, 3, 6])
def test_encoder_is_invariant_but_not_under_mirroring(
    which: int, n_beads: int, rng: np.random.Generator
) -> None:
    bead_index = torch.arange(4 * n_beads) % n_beads
    encoder = encoders(bead_index)[which]
    atoms = torch.as_tensor(rng.normal(size=(4, len(bead_index), 3)) * 3)
    matrix = torch.eye(n_beads, dtype=torch.float64)[bead_index].t() / 4
    known = torch.as_tensor(rng.normal(size=(4, n_beads, 16)))

    def encoded(positions: torch.Tensor) -> torch.Tensor:
        return encoder(positions, matrix @ positions, known)

    turned = atoms @ random_turn().T + torch.tensor([5.0, -3.0, 9.0], dtype=torch.float64)
    torch.testing.assert_close(encoded(turned), encoded(atoms), rtol=0, atol=1e-8)
    assert (encoded(-atoms) - encoded(atoms)).abs().max() > 1e-4


@pytest.mark.parametrize("which", [0, 1], ids=["beads", "atoms"])
def test_encoder_includes_atoms_without_weight(which: int, rng: np.random.Generator) -> None:
    """Atoms without weight in M, as with Cα beads, are encoded too."""
    bead_index = torch.arange(12) % 3
    encoder = encoders(bead_index)[which]
    atoms = torch.as_tensor(rng.normal(size=(1, 12, 3)) * 3)
    sites, known = atoms[:, :3], torch.zeros(1, 3, 16, dtype=torch.float64)
    moved = atoms.clone()
    moved[:, 7] += 0.5
    assert (encoder(moved, sites, known) - encoder(atoms, sites, known))[:, 7 % 3].abs().max() > 1e-4


@pytest.mark.parametrize("which", [0, 1], ids=["beads", "atoms"])
def test_encoder_cannot_tell_atoms_of_one_kind_apart(which: int, rng: np.random.Generator) -> None:
    bead_index, kinds = torch.arange(12) % 3, torch.arange(12) // 6  # atoms 0 and 3: one bead, one kind
    atoms = torch.as_tensor(rng.normal(size=(1, 12, 3)) * 3)
    swapped = atoms[:, [3, 1, 2, 0, *range(4, 12)]]
    matrix = torch.eye(3, dtype=torch.float64)[bead_index].t() / 4
    known = torch.zeros(1, 3, 16, dtype=torch.float64)

    def change(encoder: torch.nn.Module) -> float:
        before, after = (encoder(each, matrix @ each, known) for each in (atoms, swapped))
        return float((after - before).abs().max())

    assert change(encoders(bead_index, kinds)[which]) < 1e-10
    assert change(encoders(bead_index)[which]) > 1e-4


@pytest.mark.parametrize("n_beads", [3, 4, 8])
def test_atoms_leave_the_plane_of_planar_beads(n_beads: int, rng: np.random.Generator) -> None:
    angle = np.linspace(0, 2 * np.pi, n_beads, endpoint=False) + rng.normal(size=(4, n_beads)) * 0.1
    beads = 3 * np.stack((np.cos(angle), np.sin(angle), np.zeros_like(angle)), axis=-1)
    latent = torch.as_tensor(rng.normal(size=(4, n_beads, N_LATENT)))
    atoms = decoder(n_beads)(latent, torch.as_tensor(beads))
    # Untrained weights give small distances from the plane; by symmetry they would be exactly zero.
    height = atoms[..., 2].abs().unflatten(1, (n_beads, -1)).amax(-1)
    assert height.min() > 1e-6


def test_cross_and_its_gradients_are_those_of_the_vector_product(rng: np.random.Generator) -> None:
    a, b = (torch.as_tensor(rng.normal(size=(2, 3, 3, 4))).requires_grad_() for _ in range(2))
    torch.testing.assert_close(cross(a, b), torch.linalg.cross(a, b, dim=2))
    assert torch.autograd.gradcheck(cross, (a, b))


def test_vector_products_are_bounded_by_the_longer_factor(rng: np.random.Generator) -> None:
    """Applied twenty times to itself, an unbounded product would overflow."""
    a, b = (torch.as_tensor(rng.normal(size=(4, 6, 3, 8)) * 50) for _ in range(2))
    longest = torch.maximum(a.norm(dim=2), b.norm(dim=2)).max()
    for _ in range(20):
        product = normalised_cross(a, b)
        assert product.norm(dim=2).max() <= longest
        a, b = b, product


def test_message_is_the_plain_loop_over_pairs(rng: np.random.Generator) -> None:
    """Compare one layer with the definition of every term, channel by channel."""
    torch.manual_seed(2)
    n, n_features, n_vectors, n_basis, n_heads = 5, 12, 6, 4, 3
    layer = EquivariantMessage(n_features, n_vectors, n_basis, n_heads).double()
    X = torch.as_tensor(rng.normal(size=(1, n, 3)) * 2)
    S, P = (torch.as_tensor(rng.normal(size=(1, n, size))) for size in (n_features, n_vectors))
    V, A = (torch.as_tensor(rng.normal(size=(1, n, 3, n_vectors))) for _ in range(2))
    basis = RadialBasis(9.0, n_basis)(pair_distance(X))
    filters = torch.einsum("bkij,kh->bijh", basis, layer.filters)[0]
    s, r, v, a = layer.source(layer.normalise(S))[0].split(layer.sizes, dim=-1)
    scalar = torch.zeros(n, n_features, dtype=torch.float64)
    direction, vector, pseudovector = (torch.zeros(n, 3, n_vectors, dtype=torch.float64) for _ in range(3))
    for i in range(n):
        for j in range(n):
            for f in range(n_features):
                scalar[i, f] += filters[i, j, f // (n_features // n_heads)] * s[j, f]
            for f in range(n_vectors):
                w = filters[i, j, f // (n_vectors // n_heads)]
                direction[i, :, f] += w * r[j, f] * (X[0, j] - X[0, i])
                vector[i, :, f] += w * v[j, f] * V[0, j, :, f]
                pseudovector[i, :, f] += w * a[j, f] * A[0, j, :, f]
    direction, vector, pseudovector = direction[None], vector[None], pseudovector[None]
    v_plain, v_pseudo, v_cross = layer.from_vector(vector).chunk(3, dim=-1)
    a_plain, a_pseudo, a_cross_v, a_cross_a = layer.from_pseudovector(pseudovector).chunk(4, dim=-1)
    turn = P.unsqueeze(2)
    expected = (
        S + layer.to_scalar(scalar[None]),
        P + (V * pseudovector).sum(2) / (1 + V.square().sum(2) + pseudovector.square().sum(2)),
        V + layer.from_direction(direction) + v_plain + normalised_cross(V, a_cross_v) + turn * a_pseudo,
        A + a_plain + turn * v_pseudo + normalised_cross(V, v_cross) + normalised_cross(A, a_cross_a),
    )
    for got, wanted in zip(layer((S, P, V, A), X, basis), expected, strict=True):
        torch.testing.assert_close(got, wanted, rtol=0, atol=1e-10)


def test_chiral_features_are_the_plain_loop_over_pairs(rng: np.random.Generator) -> None:
    torch.manual_seed(2)
    n, n_features, n_basis, n_channels = 5, 6, 4, 2
    layer = ChiralFeatures(n_features, n_basis, n_channels).double()
    X = torch.as_tensor(rng.normal(size=(1, n, 3)) * 2)
    h = torch.as_tensor(rng.normal(size=(1, n, n_features)))
    basis = RadialBasis(9.0, n_basis)(pair_distance(X))
    filters = torch.einsum("bkij,kh->bijh", basis, layer.filters)[0]
    value = layer.value(h)[0]
    volume = torch.zeros(n, n_channels, dtype=torch.float64)
    for i in range(n):
        for c in range(n_channels):
            u = [
                sum(filters[i, j, k] * value[j, k * n_channels + c] * (X[0, j] - X[0, i]) for j in range(n))
                for k in range(3)
            ]
            size = (1 + u[0].dot(u[0]) * u[1].dot(u[1]) * u[2].dot(u[2])).sqrt()
            volume[i, c] = u[0].dot(torch.linalg.cross(u[1], u[2])) / size
    torch.testing.assert_close(layer(h, X, basis), h + layer.mix(volume[None]), rtol=0, atol=1e-10)
