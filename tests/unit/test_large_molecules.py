"""Large molecules: sparse sums equal dense ones, costs are bounded, and what is too large is refused."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.core import registry
from cgbench.core.errors import InputError
from cgbench.mapping import base
from cgbench.mapping.base import Mapping
from cgbench.methods import conditional_gaussian, equivariant_linear
from cgbench.methods._baselines import nearest_bead_vectors
from cgbench.methods.base import TrainingContext, draw
from cgbench.nn import mapped_network, radial
from method_helpers import method

NETWORK = {"epochs": 1, "batch_size": 8}


@pytest.fixture
def sparse(monkeypatch: pytest.MonkeyPatch):
    """Switch to lists of pairs and sparse matrices, whatever the size."""

    def switch() -> None:
        monkeypatch.setattr(radial, "DENSE_POINTS", 0)
        monkeypatch.setattr(base, "DENSE_SIZE", 0)
        monkeypatch.setattr(mapped_network, "DENSE_SIZE", 0)

    return switch


@pytest.mark.parametrize("heads", [1, 4])
def test_a_list_of_pairs_gives_the_sums_and_gradients_of_all_pairs(heads, sparse, rng) -> None:
    positions = torch.as_tensor(rng.normal(size=(3, 40, 3)) * 6)
    basis = radial.RadialBasis(9.0, 8)
    filters = torch.as_tensor(rng.normal(size=(8, heads))).requires_grad_()
    values = torch.as_tensor(rng.normal(size=(3, 40, heads, 6))).requires_grad_()

    def result() -> list[torch.Tensor]:
        summed = radial.neighbour_sum(basis.of_pairs(positions), values, filters)
        return [summed, *torch.autograd.grad(summed.pow(3).sum(), (values, filters))]

    dense = result()
    sparse()
    for one, other in zip(result(), dense, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-9)
    assert isinstance(basis.of_pairs(positions), radial.PairList)


def test_points_without_neighbours_receive_nothing(sparse) -> None:
    sparse()
    basis = radial.RadialBasis(5.0, 4).of_pairs(20 * torch.eye(3, dtype=torch.float64).unsqueeze(0))
    values = torch.ones(1, 3, 2, 1, dtype=torch.float64)
    assert radial.neighbour_sum(basis, values, torch.ones(4, 2, dtype=torch.float64)).abs().max() == 0


@pytest.mark.parametrize(
    ("name", "values"),
    [("cgvae", {"encoder": "beads"}), ("cgvae", {"encoder": "atoms"}), ("local_flow", {})],
)
def test_networks_do_not_depend_on_how_sums_are_made(name, values, chignolin_frames: Frames, sparse) -> None:
    molecule, frames = chignolin_frames.molecule, chignolin_frames.positions[:24]
    mapping = Mapping.centres(molecule.residue_index)

    torch.manual_seed(0)
    first = method(name, mapping, molecule, frames, **values)
    if name == "local_flow":
        first.network.initialise(torch.as_tensor(frames))
        torch.nn.init.normal_(first.network.flow.velocity)

    def result() -> list[torch.Tensor]:
        model = method(name, mapping, molecule, frames, **values)
        model.load_state(first.state())
        model.network.set_precision(torch.float64)
        loss = model._loss(torch.as_tensor(frames[:4]).double(), 1.0, torch.Generator().manual_seed(2))[
            "loss"
        ]
        gradients = torch.autograd.grad(loss, list(model.network.parameters()), allow_unused=True)
        samples = model.sample(mapping.beads(frames[:3].astype(np.float64)), 2, 5)
        return [loss, torch.as_tensor(samples), *(each for each in gradients if each is not None)]

    dense = result()
    sparse()
    for one, other in zip(result(), dense, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", ["cgvae", "local_flow"])
def test_networks_on_many_beads_are_equivariant(name, protein, sparse, rng) -> None:
    sparse()
    molecule, frames = protein
    mapping = Mapping.centres(molecule.residue_index)
    model = method(name, mapping, molecule, frames)
    if name == "local_flow":
        model.network.initialise(torch.as_tensor(frames))
        torch.nn.init.normal_(model.network.flow.velocity, std=0.1)
    beads = mapping.beads(frames[:2].astype(np.float64))
    turn, shift = Rotation.random(rng=rng).as_matrix(), rng.normal(size=3)
    moved = model.sample(beads @ turn.T + shift, 2, 1)
    np.testing.assert_allclose(moved, model.sample(beads, 2, 1) @ turn.T + shift, atol=1e-8)


def test_a_search_of_near_beads_is_the_order_of_all(rng) -> None:
    beads = rng.normal(size=(3, 100, 3))
    vectors, distances = nearest_bead_vectors(beads, 2)
    every_vector, every_distance = nearest_bead_vectors(beads, None)
    np.testing.assert_array_equal(vectors, every_vector[:, :, :2])
    np.testing.assert_array_equal(distances, every_distance[:, :, :2])


def test_beads_of_a_large_mapping_are_those_of_its_matrix(protein, rng) -> None:
    molecule, frames = protein
    mapping = Mapping(molecule.residue_index, _random_weights(molecule.residue_index, rng))
    assert not mapping.is_small
    exact = frames[:6].reshape(2, 3, -1, 3).astype(np.float64)
    np.testing.assert_allclose(mapping.beads(exact), mapping.matrix @ exact, rtol=0, atol=1e-10)
    np.testing.assert_allclose(
        mapped_network.bead_sums(mapped_network.mapping_matrix(mapping), torch.as_tensor(exact)),
        mapping.matrix @ exact,
        rtol=0,
        atol=1e-10,
    )
    wrong = mapping.weights.copy()
    wrong[0] += 0.5
    with pytest.raises(InputError, match=r"weights of bead 0 sum to 1\.5"):
        Mapping(molecule.residue_index, wrong)


def test_beads_that_share_atoms_are_those_of_the_matrix(protein, sparse) -> None:
    molecule, frames = protein
    generator = registry.load("mapping", "martini3")
    with pytest.raises(InputError, match="the only possible resolution is") as refused:
        generator(generator.Settings()).generate(molecule, 1, 0)
    n_beads = int(str(refused.value).split()[-1])
    mapping = generator(generator.Settings()).generate(molecule, n_beads, 0)
    assert mapping.shared and not mapping.is_small
    exact = frames[:3].astype(np.float64)
    np.testing.assert_allclose(mapping.beads(exact), mapping.matrix @ exact, rtol=0, atol=1e-10)


def _random_weights(bead_index: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    weights = rng.uniform(size=len(bead_index))
    return weights / np.bincount(bead_index, weights)[bead_index]


@pytest.mark.parametrize("mapping_name", ["alpha_carbon", "residue_com"])
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("on_beads", {}),
        ("rigid_template", {}),
        ("nearest_frame", {}),
        ("conditional_gaussian", {}),
        ("linear", {}),
        ("equivariant_linear", {}),
        ("mlp", NETWORK),
        ("equivariant_mlp", NETWORK),
        ("cgvae", NETWORK),
        ("local_flow", NETWORK),
        ("refined", {"of": "rigid_template", "steps": 5}),
    ],
)
def test_samples_of_a_protein_have_its_beads(mapping_name, name, values, protein) -> None:
    molecule, frames = protein
    generator = registry.load("mapping", mapping_name)
    mapping = generator(generator.Settings()).generate(molecule, 78, 0)
    model = method(name, mapping, molecule, frames[:20], **values)
    model.fit(frames[:20], frames[20:25], TrainingContext(1))
    exact = frames[25:27].astype(np.float64)
    samples = draw(model, exact, 2, 3)
    assert np.isfinite(samples).all()
    np.testing.assert_allclose(mapping.beads(samples), mapping.beads(exact)[:, None].repeat(2, 1), atol=1e-7)


def test_a_gaussian_in_the_span_of_few_frames_is_that_of_the_covariance(
    chignolin_frames: Frames, monkeypatch
) -> None:
    molecule, frames = chignolin_frames.molecule, chignolin_frames.positions[:60]
    mapping = Mapping.centres(molecule.residue_index // 3)
    fits = []
    for most in (conditional_gaussian.MANY_COORDINATES, 0):
        monkeypatch.setattr(conditional_gaussian, "MANY_COORDINATES", most)
        model = method("conditional_gaussian", mapping, molecule, frames)
        model.fit(frames, frames[:5], TrainingContext(1))
        fits.append(model)
    dense, span = fits
    np.testing.assert_allclose(
        span.gain @ span.coefficients, dense.gain, atol=1e-6 * np.abs(dense.gain).max()
    )
    np.testing.assert_allclose(span.reconstruct(frames), dense.reconstruct(frames), atol=1e-4)
    spread = dense.noise @ dense.noise.T
    np.testing.assert_allclose(span.noise @ span.noise.T, spread, atol=1e-8 * np.abs(spread).max())
    assert span.noise.shape[1] < len(frames)


def test_equivariant_linear_with_few_frames_is_the_same_solution(
    chignolin_frames: Frames, monkeypatch
) -> None:
    molecule, frames = chignolin_frames.molecule, chignolin_frames.positions[:20]
    mapping = Mapping.centres(molecule.residue_index)
    weights = []
    for most in (equivariant_linear.MANY_VECTORS, 0):
        monkeypatch.setattr(equivariant_linear, "MANY_VECTORS", most)
        model = method("equivariant_linear", mapping, molecule, frames)
        model.fit(frames, frames[:5], TrainingContext(1))
        weights.append(model.weights)
    np.testing.assert_allclose(weights[1], weights[0], atol=1e-5)


def test_weights_of_the_mlp_grow_with_the_atoms(protein) -> None:
    molecule, frames = protein
    model = method("mlp", Mapping.centres(molecule.residue_index), molecule, frames)
    assert model.n_parameters() < 20000 * molecule.n_atoms


@pytest.mark.parametrize("name", ["conditional_gaussian", "linear", "equivariant_linear"])
def test_a_fit_without_enough_memory_is_refused_before_it_starts(name, protein) -> None:
    molecule, frames = protein
    model = method(name, Mapping.centres(molecule.residue_index), molecule, frames)
    # A view that takes no memory.
    many = np.broadcast_to(frames[0], (400_000, *frames[0].shape))
    with pytest.raises(InputError, match=rf"{name}: .* need \d+ GiB of memory.*; (lower|set neighbours)"):
        model.fit(many, frames, TrainingContext(1))


@pytest.mark.parametrize("name", ["cgae", "girvan_newman"])
def test_a_search_of_beads_that_would_not_end_is_refused(name, protein) -> None:
    molecule, frames = protein
    generator = registry.load("mapping", name)
    twice = Molecule(
        *(2 * each for each in (molecule.elements, molecule.atom_names, molecule.residue_names)),
        residue_index=np.concatenate((molecule.residue_index, molecule.residue_index + 78)),
        masses=np.tile(molecule.masses, 2),
        bonds=np.concatenate((molecule.bonds, molecule.bonds + molecule.n_atoms)),
    )
    with pytest.raises(InputError, match=r"atoms, and [\d,]+ are the most, because the time .*; use"):
        generator(generator.Settings()).generate(twice, 160, 0, np.tile(frames, (1, 2, 1)))
