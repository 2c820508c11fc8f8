"""CGVAE: learned prior, KL divergence, loss terms and refused input."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.mapping.base import Mapping
from cgbench.methods import cgvae
from cgbench.methods.base import TrainingContext
from cgbench.nn.cgvae_network import CGVAESettings
from cgbench.nn.task_facts import TaskFacts
from cgbench.nn.variational import kl_divergence


def new(settings: CGVAESettings, molecule: Molecule, frames: np.ndarray) -> cgvae.Method:
    """Method with one bead per residue, and the settings for these training frames."""
    mapping = Mapping.centres(molecule.residue_index)
    return cgvae.Method(settings.resolved(TaskFacts.of(mapping, frames)), mapping, molecule)


@pytest.mark.parametrize("method_name", ["cgvae", "local_flow"])
@pytest.mark.parametrize(("n_beads", "what"), [(1, "point"), (2, "line")])
def test_too_few_beads_for_a_plane_are_warned_about(
    n_beads: int, what: str, method_name: str, alanine: Molecule, alanine_frames: Frames
) -> None:
    mapping = Mapping.centres(np.arange(alanine.n_atoms) * n_beads // alanine.n_atoms)
    frames = alanine_frames.positions[:8]
    plug_in = PlugIn.parse("methods", method_name, method_name, {"epochs": 1}, "test")
    method = plug_in.resolved(TaskFacts.of(mapping, frames)).create(mapping, alanine)
    with pytest.warns(UserWarning, match=f"places all atoms .* one {what}; use 3 beads or more"):
        method.fit(frames, frames, TrainingContext(seed=1))
    samples = method.sample(mapping.beads(frames), 1, seed=1)[:, 0]
    centred = samples - samples.mean(axis=1, keepdims=True)
    spread = np.linalg.svd(centred, compute_uv=False)
    assert spread[:, n_beads - 1 :].max() < 1e-3


def test_kl_divergence_against_torch() -> None:
    torch.manual_seed(1)
    mean, log_ratio = torch.randn(3, 4, 5), torch.randn(3, 4, 5)
    posterior = torch.distributions.Normal(mean, log_ratio.exp())
    prior = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    expected = torch.distributions.kl_divergence(posterior, prior).sum((1, 2))
    torch.testing.assert_close(kl_divergence((mean, log_ratio)), expected)


def test_latent_in_units_of_the_prior_has_the_same_divergence() -> None:
    """KL(N(μp+σp·m, σp·r) ‖ N(μp, σp)) does not depend on μp and σp."""
    torch.manual_seed(1)
    mean, log_ratio = torch.randn(3, 4, 5), torch.randn(3, 4, 5)
    prior_mean, prior_sigma = torch.randn(3, 4, 5), torch.rand(3, 4, 5) + 0.5
    posterior = torch.distributions.Normal(prior_mean + prior_sigma * mean, prior_sigma * log_ratio.exp())
    prior = torch.distributions.Normal(prior_mean, prior_sigma)
    expected = torch.distributions.kl_divergence(posterior, prior).sum((1, 2))
    torch.testing.assert_close(kl_divergence((mean, log_ratio)), expected, rtol=1e-4, atol=1e-4)


def test_isolated_beads_are_refused_with_the_cure(alanine: Molecule, alanine_frames: Frames) -> None:
    settings = CGVAESettings(bead_cutoff=2.0, epochs=1)
    frames = alanine_frames.positions[:8]
    method = new(settings, alanine, frames)
    with pytest.raises(InputError, match=r"bead \d is .* Å from .* raise bead_cutoff \(now 2\.0\)"):
        method.fit(frames, frames, TrainingContext(seed=1))


@pytest.mark.parametrize("encoder", ["beads", "atoms"])
def test_training_reaches_every_weight(encoder: str, alanine: Molecule, alanine_frames: Frames) -> None:
    settings = CGVAESettings.model_validate(
        {"encoder": encoder, "features": 16, "epochs": 3, "batch_size": 4, "weight_decay": 0.0}
    )
    frames = alanine_frames.positions[:8]
    method = new(settings, alanine, frames)
    before = {name: weight.detach().clone() for name, weight in method.network.named_parameters()}
    method.fit(frames, frames, TrainingContext(seed=1))
    after = dict(method.network.named_parameters())
    assert [name for name, weight in before.items() if torch.equal(weight, after[name])] == []


def test_no_frames_make_no_geometries(alanine: Molecule, alanine_frames: Frames) -> None:
    method = new(CGVAESettings(), alanine, alanine_frames.positions)
    assert method.reconstruct(np.empty((0, 22, 3), dtype=np.float32)).shape == (0, 22, 3)
    assert method.sample(np.empty((0, 3, 3), dtype=np.float32), 2, seed=1).shape == (0, 2, 22, 3)


def test_heads_must_divide_features(alanine: Molecule) -> None:
    with pytest.raises(ValueError, match="multiples of heads"):
        CGVAESettings(features=64, vectors=15, heads=8)


def test_a_molecule_without_bonds_has_no_lengths_to_keep(alanine: Molecule, alanine_frames: Frames) -> None:
    ions = replace(alanine, bonds=np.empty((0, 2), dtype=np.int64))
    settings = CGVAESettings(epochs=1, features=16)
    frames, context = alanine_frames.positions[:8], TrainingContext(seed=1)
    method = new(settings, ions, frames)
    method.fit(frames, frames, context)
    assert context.history[0]["valid_graph"] == 0.0
    assert np.isfinite(context.history[0]["valid_loss"])


def test_prior_starts_as_the_standard_gaussian_and_learns_from_the_beads(
    alanine: Molecule, alanine_frames: Frames
) -> None:
    frames = alanine_frames.positions[:64]
    settings = CGVAESettings(epochs=3, features=16, batch_size=16, beta_warm_up=0.0)
    method = new(settings, alanine, frames)
    beads = torch.as_tensor(method.mapping.beads(frames), dtype=torch.float32)
    (mean, log_sigma), _ = method.network.prior(beads)
    assert not mean.any() and not log_sigma.any()
    method.fit(frames, frames[:16], TrainingContext(seed=1))
    with torch.no_grad():
        (mean, log_sigma), _ = method.network.prior(beads)
    assert min(float(each.std(0).max()) for each in (mean, log_sigma)) > 1e-4, "it depends on the beads"


def test_samples_are_decoded_draws_of_the_prior(alanine: Molecule, alanine_frames: Frames) -> None:
    """Latents drawn with mean and standard deviation of the prior, and nothing after the decoder."""
    frames = alanine_frames.positions[:32]
    settings = CGVAESettings(epochs=2, features=16, batch_size=16)
    method = new(settings, alanine, frames)
    method.fit(frames, frames[:8], TrainingContext(seed=1))
    beads = method.mapping.beads(frames[:4].astype(np.float64))
    drawn = method.sample(beads, 1, seed=3)[:, 0]
    at = torch.as_tensor(beads)
    with torch.inference_mode():
        (mean, log_sigma), _ = method.network.prior(at)
        noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float32)
        expected = method.network.decoder(mean + log_sigma.exp() * noise, at)
    np.testing.assert_allclose(drawn, expected, atol=1e-8)


def test_loss_is_the_weighted_sum_of_its_terms(alanine: Molecule, alanine_frames: Frames) -> None:
    settings = CGVAESettings(epochs=1, beta=0.1, beta_warm_up=0.3, gamma=2.0)
    method = new(settings, alanine, alanine_frames.positions[:8])
    frames, context = alanine_frames.positions[:8], TrainingContext(seed=1)
    method.fit(frames, frames, context)
    row = context.history[0]
    loss, recon, kl, graph = (row[f"valid_{key}"] for key in ("loss", "recon", "kl", "graph"))
    assert loss == pytest.approx(recon + 0.1 * kl / (3 * alanine.n_atoms) + 2.0 * graph, rel=1e-5)
    assert min(recon, kl, graph) > 0
    weights = [settings.kl_weight(progress, alanine.n_atoms, 3) for progress in (0.15, 0.3, 1.0)]
    np.testing.assert_allclose(weights, np.array([0.5, 1, 1]) * 0.1 / (3 * alanine.n_atoms))
