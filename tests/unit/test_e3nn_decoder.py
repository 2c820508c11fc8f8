"""e3nn decoder: equivariance by the utilities of e3nn, planar beads, mirror images."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from e3nn import o3
from e3nn.util.test import assert_equivariant, equivariance_error

from cgbench.chem.molecule import Molecule
from cgbench.mapping.base import Mapping
from cgbench.methods import cgvae_e3nn
from cgbench.nn.e3nn_decoder import Convolution, E3nnDecoder
from cgbench.nn.task_facts import TaskFacts

pytestmark = pytest.mark.slow  # e3nn compiles its products first
N_LATENT = 5


def decoder(n_beads: int) -> E3nnDecoder:
    torch.manual_seed(5)
    mapping = Mapping.centres(np.repeat(np.arange(n_beads), 4))
    made = E3nnDecoder(
        torch.as_tensor(mapping.bead_index),
        torch.as_tensor(mapping.matrix, dtype=torch.float32),
        n_latent=N_LATENT,
        multiplicities=(4, 3, 2),
        n_layers=2,
        n_basis=6,
        n_densities=2,
        cutoff=9.5,
    ).double()
    made.matrix = torch.as_tensor(mapping.matrix)  # float64, as in MappedNetwork.set_precision
    return made


@pytest.fixture(scope="module")
def decoders() -> Callable[[int], E3nnDecoder]:
    made = {n_beads: decoder(n_beads) for n_beads in (1, 2, 3, 6)}
    return made.__getitem__


@pytest.fixture
def exact_rotations() -> Iterator[None]:
    """Set the precision of the rotation matrices of e3nn to float64."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture
def latent(rng: np.random.Generator) -> torch.Tensor:
    return torch.as_tensor(rng.normal(size=(3, 6, N_LATENT)))


@pytest.mark.parametrize("n_beads", [1, 2, 3, 6])
def test_decoder_is_equivariant_and_keeps_beads(
    n_beads: int, decoders: Callable[[int], E3nnDecoder], latent: torch.Tensor, rng: np.random.Generator
) -> None:
    model, z = decoders(n_beads), latent[:, :n_beads]
    beads = torch.as_tensor(rng.normal(size=(3, n_beads, 3)) * 3)
    assert_equivariant(
        model,
        args_in=[z, beads],
        irreps_in=[f"{N_LATENT}x0e", "cartesian_points"],
        irreps_out=["cartesian_points"],
        tolerance=1e-8,
        ntrials=2,
        do_parity=False,
    )
    torch.testing.assert_close(model.matrix @ model(z, beads), beads, rtol=0, atol=1e-10)


def test_features_keep_their_parity_under_mirroring(
    decoders: Callable[[int], E3nnDecoder], rng: np.random.Generator, exact_rotations: None
) -> None:
    """The convolutions are O(3) equivariant; only latents as pseudoscalars break the reflection symmetry."""
    model = decoders(6)
    features = torch.as_tensor(rng.normal(size=(3, 6, model.irreps_in.dim)))
    beads = torch.as_tensor(rng.normal(size=(3, 6, 3)) * 3)
    assert_equivariant(
        model.convolve,
        args_in=[features, beads],
        irreps_in=[model.irreps_in, "cartesian_points"],
        irreps_out=[model.irreps_out],
        tolerance=1e-8,
        ntrials=2,
    )


def test_decoder_is_not_equivariant_under_reflection(
    decoders: Callable[[int], E3nnDecoder], latent: torch.Tensor, rng: np.random.Generator
) -> None:
    errors = equivariance_error(
        decoders(6),
        args_in=[latent, torch.as_tensor(rng.normal(size=(3, 6, 3)) * 3)],
        irreps_in=[f"{N_LATENT}x0e", "cartesian_points"],
        irreps_out=["cartesian_points"],
    )
    assert {case: bool(error.max() > 1e-3) for case, error in errors.items()} == {
        (parity, shifted): parity == 1 for parity in (0, 1) for shifted in (False, True)
    }


@pytest.mark.parametrize("n_beads", [3, 6])
def test_atoms_leave_the_plane_of_planar_beads(
    n_beads: int, decoders: Callable[[int], E3nnDecoder], latent: torch.Tensor, rng: np.random.Generator
) -> None:
    angle = np.linspace(0, 2 * np.pi, n_beads, endpoint=False) + rng.normal(size=(3, n_beads)) * 0.1
    beads = 3 * np.stack((np.cos(angle), np.sin(angle), np.zeros_like(angle)), axis=-1)
    atoms = decoders(n_beads)(latent[:, :n_beads], torch.as_tensor(beads))
    # Untrained weights give small distances from the plane; by symmetry they would be exactly zero.
    height = atoms[..., 2].abs().unflatten(1, (n_beads, -1)).amax(-1)
    assert height.min() > 1e-4


def test_features_stay_bounded_where_beads_nearly_coincide(
    decoders: Callable[[int], E3nnDecoder], latent: torch.Tensor
) -> None:
    beads = torch.zeros(3, 6, 3, dtype=torch.float64)
    beads[:, :, 0] = 1e-3 * torch.arange(6)
    assert decoders(6)(latent, beads).abs().max() < 1e3


def test_density_is_the_plain_loop_over_neighbours(rng: np.random.Generator) -> None:
    torch.manual_seed(2)
    n, n_basis, n_densities = 4, 3, 2
    layer = Convolution(o3.Irreps("5x0e+5x0o"), o3.Irreps("2x1e+2x1o"), 2, n_basis, n_densities).double()
    features = torch.as_tensor(rng.normal(size=(1, n, 10)))
    basis = torch.as_tensor(rng.normal(size=(1, n_basis, n, n)))
    positions = torch.as_tensor(rng.normal(size=(n, 3)))
    sent = layer.send(features[..., :5])[0]
    expected = torch.zeros(n, n_densities * 9, dtype=torch.float64)
    directions = torch.zeros(9, n, n, dtype=torch.float64)
    for i in range(n):
        for j in range(n):
            start = 0
            for degree in range(3):
                harmonics = o3.spherical_harmonics(degree, positions[j] - positions[i], normalize=True)
                directions[degree**2 : (degree + 1) ** 2, i, j] = harmonics
                for c in range(n_densities):
                    weight = basis[0, :, i, j] @ layer.density_filters[degree][:, c]
                    expected[i, start : start + 2 * degree + 1] += weight * sent[j, c] * harmonics
                    start += 2 * degree + 1
    density = layer._density(features, basis.unsqueeze(2) * directions)[0]
    torch.testing.assert_close(density, expected, rtol=0, atol=1e-10)


def test_constants_are_not_counted_as_parameters(alanine: Molecule) -> None:
    settings = cgvae_e3nn.CGVAEE3nnSettings().resolved(TaskFacts(22, 3, 64, spacing=4.0, extent=6.0))
    method = cgvae_e3nn.Method(settings, Mapping.centres(alanine.residue_index), alanine)
    assert method.n_parameters() == sum(weights.numel() for weights in method.network.parameters())


@pytest.mark.parametrize(
    ("key", "value"), [("multiplicities", (8,)), ("multiplicities", (8, 0, 2)), ("decoder_layers", 1)]
)
def test_settings_that_would_keep_atoms_in_a_plane_are_refused(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=key):
        cgvae_e3nn.CGVAEE3nnSettings(**{key: value})
