"""Flow prior of CGVAE: fitted in a second stage to fixed latents."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.mapping.base import Mapping
from cgbench.methods import cgvae
from cgbench.methods.base import TrainingContext
from cgbench.nn.cgvae_network import CGVAESettings

SMALL: dict[str, Any] = {"features": 16, "epochs": 2, "batch_size": 16}
FLOW: dict[str, Any] = {"features": 16, "epochs": 2, "batch_size": 16}
LOSSES = {"valid_loss", "valid_flow"}


@pytest.fixture
def frames(alanine_frames: Frames) -> np.ndarray:
    return alanine_frames.positions[:64]


def method(molecule: Molecule, **values: Any) -> cgvae.Method:
    settings = CGVAESettings.model_validate(SMALL | {"flow": FLOW} | values)
    return cgvae.Method(settings, Mapping.centres(molecule.residue_index), molecule)


def latents(model: cgvae.Method, frames: np.ndarray) -> torch.Tensor:
    positions = torch.as_tensor(frames)
    beads = model.network.matrix @ positions
    with torch.no_grad():
        prior, features = model.network.prior(beads)
        return torch.cat(model.network.posterior(positions, beads, prior, features), dim=-1)


def test_history_goes_through_both_stages(alanine: Molecule, frames: np.ndarray) -> None:
    context = TrainingContext(seed=1)
    told: list[int] = []
    context.observer = lambda history: told.append(len(history))
    method(alanine).fit(frames[:48], frames[48:], context)
    assert [row["epoch"] for row in context.history] == [1, 2, 3, 4]
    assert told == [1, 2, 3, 4]
    losses = [next(key for key in row if key in LOSSES) for row in context.history]
    assert losses == ["valid_loss"] * 2 + ["valid_flow"] * 2
    seconds = [row["seconds"] for row in context.history]
    assert seconds == sorted(seconds)


def test_prior_is_the_standard_gaussian_that_the_flow_starts_from(
    alanine: Molecule, frames: np.ndarray
) -> None:
    model = method(alanine)
    model.fit(frames[:48], frames[48:], TrainingContext(seed=1))
    (mean, log_sigma), _ = model.network.prior(model.network.matrix @ torch.as_tensor(frames))
    assert not mean.any()
    assert not log_sigma.any()


def test_second_stage_changes_only_the_flow(
    alanine: Molecule, frames: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    before: list[torch.Tensor] = []
    weights: dict[str, torch.Tensor] = {}
    real = cgvae.fit_flow_prior

    def spy(network: Any, *rest: Any) -> None:
        before.append(latents(model, frames))
        weights.update({name: value.clone() for name, value in network.state_dict().items()})
        real(network, *rest)

    monkeypatch.setattr(cgvae, "fit_flow_prior", spy)
    model = method(alanine)
    model.fit(frames[:48], frames[48:], TrainingContext(seed=1))
    torch.testing.assert_close(latents(model, frames), before[0], rtol=0, atol=0)
    changed = {name for name, value in model.state().items() if not torch.equal(value, weights[name])}
    assert changed
    assert all(name.startswith("flow.") for name in changed)


@pytest.mark.slow
def test_training_killed_in_the_flow_stage_resumes_to_the_same_result(
    alanine: Molecule, frames: np.ndarray, tmp_path: Path
) -> None:
    whole, context = method(alanine), TrainingContext(seed=1, scratch=tmp_path / "whole")
    whole.fit(frames[:48], frames[48:], context)

    def dies(history: list[dict[str, float]]) -> None:
        if "valid_flow" in history[-1] and "valid_flow" in history[-2]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        method(alanine).fit(
            frames[:48], frames[48:], TrainingContext(seed=1, scratch=tmp_path / "killed", observer=dies)
        )
    resumed, again = method(alanine), TrainingContext(seed=1, scratch=tmp_path / "killed")
    resumed.fit(frames[:48], frames[48:], again)
    for name, value in whole.state().items():
        torch.testing.assert_close(resumed.state()[name], value, rtol=0, atol=0, msg=name)
    same, expected = (
        [{key: value for key, value in row.items() if key != "seconds"} for row in each.history]
        for each in (again, context)
    )
    assert same == expected
    seconds = [row["seconds"] for row in again.history]
    assert seconds == sorted(seconds)


def test_samples_are_decoded_draws_of_the_flow(alanine: Molecule, frames: np.ndarray) -> None:
    model = method(alanine)
    model.fit(frames[:48], frames[48:], TrainingContext(seed=1))
    beads = model.mapping.beads(frames[:4]).astype(np.float32)
    drawn = model.sample(beads, 1, seed=3)[:, 0]
    network, at = model.network, torch.as_tensor(beads)
    assert network.flow is not None
    with torch.inference_mode():
        prior, _ = network.prior(at)
        noise = torch.randn((1, *prior[0].shape), generator=torch.Generator().manual_seed(3))
        steps = model.settings.relaxation
        expected = network.backmap(network.flow.integrate(noise, at)[0], prior, at, steps)
        without = network.backmap(noise[0], prior, at, steps)
    np.testing.assert_allclose(drawn, expected, atol=1e-4)
    assert np.abs(drawn - without.numpy()).max() > 0.01, "the flow is not the identity"


def test_without_a_flow_the_gaussian_is_learned(alanine: Molecule, frames: np.ndarray) -> None:
    model, context = method(alanine, flow=None), TrainingContext(seed=1)
    model.fit(frames[:48], frames[48:], context)
    assert model.network.flow is None
    (mean, _), _ = model.network.prior(model.network.matrix @ torch.as_tensor(frames))
    assert mean.any()
    assert len(context.history) == SMALL["epochs"]


def test_a_flow_without_local_frames_is_refused(alanine: Molecule) -> None:
    with pytest.raises(ValueError, match="flow needs local: true"):
        method(alanine, local=False)
