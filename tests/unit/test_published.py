"""Networks of the published CGVAE: every term against its definition, and symmetries."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.core.errors import InputError
from cgbench.mapping.base import Mapping
from cgbench.methods import cgvae_published
from cgbench.methods.base import TrainingContext
from cgbench.nn.published import PublishedEncoder, PublishedNetwork, PublishedSettings
from cgbench.nn.published_decoder import PublishedDecoder, PublishedMessage
from cgbench.nn.radial import RadialBasis, channel_sum, pair_distance
from cgbench.nn.variational import kl_divergence

N_FEATURES, N_BASIS, CUTOFF = 6, 4, 9.0
N_TERMS = 9


@pytest.fixture
def points(rng: np.random.Generator) -> Tensor:
    return torch.as_tensor(rng.normal(size=(2, 5, 3)) * 2)


def test_channel_sum_and_its_gradients_are_those_of_the_definition(
    points: Tensor, rng: np.random.Generator
) -> None:
    basis = RadialBasis(CUTOFF, N_BASIS)(pair_distance(points))
    values = torch.as_tensor(rng.normal(size=(2, 5, N_FEATURES))).requires_grad_()
    filters = torch.as_tensor(rng.normal(size=(N_BASIS, N_FEATURES))).requires_grad_()
    expected = torch.einsum("bkij,kf,bjf->bif", basis, filters, values)
    torch.testing.assert_close(channel_sum(basis, values, filters), expected)
    shared = channel_sum(basis, values[0], filters)
    torch.testing.assert_close(shared, torch.einsum("bkij,kf,jf->bif", basis, filters, values[0]))
    assert torch.autograd.gradcheck(lambda *given: channel_sum(basis, *given), (values, filters))
    assert torch.autograd.gradcheck(lambda v, f: channel_sum(basis, v, f), (values[0], filters))


def radial(distance: Tensor, filters: Tensor, cutoff: float = CUTOFF) -> Tensor:
    """W(d) = Σ_k A_k sin(kπd/c)/d · (cos(πd/c)+1)/2, [F]."""
    k = torch.arange(1, N_BASIS + 1, dtype=torch.float64)
    basis = torch.sin(k * torch.pi * distance / cutoff) / distance
    return (basis * 0.5 * (torch.cos(torch.pi * distance / cutoff) + 1)) @ filters


def all_nine(message: PublishedMessage, S_j: Tensor, d: Tensor, rng: np.random.Generator) -> list[Tensor]:
    """φ_k(S_j)∘W_k(d) for all nine filters, with random numbers for those that the layer omits."""
    n_terms = len(message.terms)
    phi, W = message.source(S_j).chunk(n_terms), radial(d, message.filters).chunk(n_terms)
    present = {k: p * w for k, p, w in zip(message.terms, phi, W, strict=True)}
    return [present.get(k, torch.as_tensor(rng.normal(size=N_FEATURES))) for k in range(N_TERMS)]


def message_by_pairs(
    message: PublishedMessage, state: list[Tensor], X: Tensor, rng: np.random.Generator
) -> list[Tensor]:
    """The published message of one frame [n, ...], pair by pair."""
    S, P, V, A = state
    cross = torch.linalg.cross
    changed = [part.clone() for part in state]
    dS, dP, dV, dA = changed
    for i in range(len(X)):
        for j in range(len(X)):
            r = X[j] - X[i]
            d = r.norm()
            if i == j or d >= CUTOFF:
                continue
            w = all_nine(message, S[j], d, rng)
            dS[i] += S[i] * w[0]
            dP[i] += (V[i] * A[j]).sum(0)
            dV[i] += (
                w[1] * (r / d)[:, None] + w[2] * V[j] + w[3] * cross(V[i], A[j], dim=0) + w[4] * P[i] * A[j]
            )
            dA[i] += (
                w[5] * A[j]
                + w[6] * P[i] * V[j]
                + w[7] * cross(V[i], V[j], dim=0)
                + w[8] * cross(A[i], A[j], dim=0)
            )
    return changed


def update_by_atoms(update: torch.nn.Module, state: list[Tensor]) -> list[Tensor]:
    """Update of S and V, with random numbers for the outputs that the last layer omits."""
    S, P, V, A = state
    S, V = S.clone(), V.clone()
    for i in range(len(S)):
        u, v = update.mix(state[2][i]).chunk(2, dim=-1)
        gates = update.gate(torch.cat((state[0][i], (v.square().sum(0) + 1e-10).sqrt())))
        V[i] += gates[:N_FEATURES] * u
        if len(gates) > N_FEATURES:
            S[i] += gates[N_FEATURES : 2 * N_FEATURES] * (u * v).sum(0) + gates[2 * N_FEATURES :]
    return [S, P, V, A]


def decoder(mapping: Mapping, n_layers: int = 5) -> PublishedDecoder:
    torch.manual_seed(5)
    index, matrix = torch.as_tensor(mapping.bead_index), torch.as_tensor(mapping.matrix)
    model = PublishedDecoder(index, matrix, N_FEATURES, n_layers, N_BASIS, CUTOFF).double()
    for message in model.messages:  # products of small vectors would be below the tolerance
        torch.nn.init.normal_(message.filters, std=1.1)
    return model


def test_message_is_the_plain_loop_over_pairs(points: Tensor, rng: np.random.Generator) -> None:
    """Compare all nine terms for features of order one."""
    torch.manual_seed(5)
    message = PublishedMessage(N_FEATURES, N_BASIS, tuple(range(N_TERMS))).double()
    torch.nn.init.normal_(message.filters)
    state = [torch.as_tensor(rng.normal(size=(2, 5, N_FEATURES))) for _ in range(2)]
    state += [torch.as_tensor(rng.normal(size=(2, 5, 3, N_FEATURES))) for _ in range(2)]
    geometry = decoder(Mapping.centres(np.arange(5))).geometry(points)
    found = message(tuple(state), geometry)
    for frame in range(2):
        expected = message_by_pairs(message, [part[frame] for part in state], points[frame], rng)
        for got, wanted in zip(found, expected, strict=True):
            torch.testing.assert_close(got[frame], wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("n_beads", [3, 5])
def test_decoder_is_the_plain_loop_over_pairs(n_beads: int, rng: np.random.Generator) -> None:
    """Compare with all nine filters and the full update in every layer: the omitted terms have no effect."""
    mapping = Mapping.centres(np.array([*range(n_beads), 1, 0, 1]))
    model = decoder(mapping)
    beads = torch.as_tensor(rng.normal(size=(2, n_beads, 3)) * 3)
    beads[1, 0] += 6.0  # beyond the cutoff of some
    latent = torch.as_tensor(rng.normal(size=(2, n_beads, N_FEATURES)))
    expected = torch.zeros(2, mapping.n_atoms, 3, dtype=torch.float64)
    for frame in range(2):
        vectors = torch.zeros(n_beads, 3, N_FEATURES, dtype=torch.float64)
        state = [latent[frame], torch.full_like(latent[frame], float(n_beads == 3)), vectors, vectors]
        for message, update in zip(model.messages, model.updates, strict=True):
            state = update_by_atoms(update, message_by_pairs(message, state, beads[frame], rng))
        members: list[int] = []
        for atom, bead in enumerate(mapping.bead_index):
            expected[frame, atom] = state[2][bead, :, members.count(bead)]
            members.append(bead)
        mean = model.matrix @ expected[frame]
        expected[frame] += (beads[frame] - mean)[mapping.bead_index]
    torch.testing.assert_close(model(latent, beads), expected, rtol=1e-11, atol=1e-13)


def test_encoder_is_the_plain_loop_over_pairs(rng: np.random.Generator) -> None:
    torch.manual_seed(5)
    bead_index, elements = torch.tensor([0, 1, 0, 0, 1]), torch.tensor([2, 0, 0, 1, 2])
    model = PublishedEncoder(bead_index, elements, N_FEATURES, 2, N_BASIS, CUTOFF).double()
    x = torch.as_tensor(rng.normal(size=(1, 5, 3)) * 2)
    X = torch.stack([x[0, bead_index == bead].mean(0) for bead in range(2)])[None]
    h = model.embedding[elements]
    H = torch.zeros(2, N_FEATURES, dtype=torch.float64)
    for index, (layer, pooling) in enumerate(zip(model.layers, model.poolings, strict=True)):
        sent = torch.zeros_like(h)
        for i in range(5):
            for j in range(5):
                d = (x[0, i] - x[0, j]).norm()
                if i != j and d < CUTOFF:
                    sent[i] += layer.value(h[j]) * radial(d, layer.filters)
        h = h + sent
        if index == 0:
            H += torch.stack([h[bead_index == bead].mean(0) for bead in range(2)])
        for i, bead in enumerate(bead_index):
            d = (x[0, i] - X[0, bead]).norm()
            H[bead] += pooling.value(h[i]) * radial(d, pooling.filters, cutoff=20.0)
    nothing = torch.zeros(1, 2, N_FEATURES, dtype=torch.float64)
    torch.testing.assert_close(model(x, X, nothing)[0], H, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("n_beads", [3, 4, 6])
def test_symmetry_is_broken_only_for_three_beads(n_beads: int, rng: np.random.Generator) -> None:
    mapping = Mapping.centres(np.repeat(np.arange(n_beads), 4))
    model = decoder(mapping)
    beads = torch.as_tensor(rng.normal(size=(3, n_beads, 3)) * 2)
    latent = torch.as_tensor(rng.normal(size=(3, n_beads, N_FEATURES)))
    turn = torch.as_tensor(Rotation.from_rotvec([1.0, -0.4, 2.2]).as_matrix())
    atoms = model(latent, beads)
    torch.testing.assert_close(model(latent, beads @ turn.T), atoms @ turn.T, rtol=0, atol=1e-8)
    mirrored = (model(latent, -beads) + atoms).abs().max()
    assert mirrored > 1e-7 if n_beads == 3 else mirrored < 1e-10


def test_divergence_is_that_of_the_two_gaussians(alanine: Molecule, rng: np.random.Generator) -> None:
    """KL(q‖p) is the same for the absolute posterior and the posterior relative to the prior."""
    torch.manual_seed(5)
    mapping = Mapping.centres(alanine.residue_index)
    settings = PublishedSettings(features=16, basis=N_BASIS, encoder_layers=2, decoder_layers=2)
    network = PublishedNetwork(mapping, alanine, settings).double()
    positions = torch.as_tensor(rng.normal(size=(2, alanine.n_atoms, 3)) * 3)
    beads = torch.as_tensor(mapping.matrix) @ positions
    prior, features = network.prior(beads)
    found = kl_divergence(network.posterior(positions, beads, prior, features))
    mean, log_sigma = network.posterior_head(network.encoder(positions, beads, features)).chunk(2, dim=-1)
    expected = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, log_sigma.exp()),
        torch.distributions.Normal(prior[0], prior[1].exp()),
    )
    torch.testing.assert_close(found, expected.sum((1, 2)))


def test_more_atoms_than_channels_are_refused_with_the_cure() -> None:
    with pytest.raises(InputError, match=r"bead 1 has 7 atoms.*raise features \(now 6\)"):
        decoder(Mapping.centres(np.array([0, 0, *[1] * 7])))


def test_loss_is_the_published_one(alanine: Molecule, alanine_frames: Frames) -> None:
    """β weighs the mean over beads, and nothing is decoded from the prior."""
    settings = cgvae_published.PublishedSettings(features=32, epochs=1)
    method = cgvae_published.Method(settings, Mapping.centres(alanine.residue_index), alanine)
    frames, context = alanine_frames.positions[:8], TrainingContext(seed=1)
    method.fit(frames, frames, context)
    loss, recon, kl, graph = (context.history[0][f"valid_{key}"] for key in ("loss", "recon", "kl", "graph"))
    assert loss == pytest.approx(recon + 0.05 * kl / 3 + 25 * graph, rel=1e-5)


def test_reconstructions_are_of_the_mean_or_drawn(alanine: Molecule, alanine_frames: Frames) -> None:
    mapping = Mapping.centres(alanine.residue_index)
    method = cgvae_published.Method(cgvae_published.PublishedSettings(features=32), mapping, alanine)
    twice = np.repeat(alanine_frames.positions[:1], 2, axis=0)
    assert np.ptp(method.reconstruct(twice), axis=0).max() < 1e-5
    drawn = method.reconstruct_draw(twice, 5)
    assert np.ptp(drawn, axis=0).max() > 1e-3
    np.testing.assert_array_equal(method.reconstruct_draw(twice, 5), drawn)
    assert np.abs(method.reconstruct_draw(twice, 6) - drawn).max() > 1e-3
