"""Dense layers: optional bfloat16 products in training, full precision in evaluation."""

import numpy as np
import pytest
import torch

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.mapping.base import Mapping
from cgbench.methods import cgvae, cgvae_published
from cgbench.methods.base import TrainingContext
from cgbench.nn.cgvae_network import CGVAESettings
from cgbench.nn.dense import Linear, use_bfloat16
from cgbench.nn.task_facts import TaskFacts


@pytest.fixture
def layer() -> Linear:
    torch.manual_seed(1)
    return Linear(64, 32)


def test_layer_is_linear_in_full_precision(layer: Linear) -> None:
    values = torch.randn(5, 64)
    torch.testing.assert_close(layer(values), values @ layer.weight.T + layer.bias)


def test_bfloat16_products_are_close_in_training_and_exact_in_evaluation(layer: Linear) -> None:
    values = torch.randn(500, 64)
    exact = values @ layer.weight.T + layer.bias
    use_bfloat16(torch.nn.Sequential(layer))
    rounded = layer(values)
    assert rounded.dtype == torch.float32
    off = (rounded - exact).abs()
    assert 1e-4 < off.max() < 0.02, "eight bits of mantissa"
    torch.testing.assert_close(layer.eval()(values), exact)


def test_gradients_are_those_of_a_linear_layer_but_for_rounding(layer: Linear) -> None:
    values, towards = torch.randn(500, 64), torch.randn(500, 32)
    slopes = []
    for _ in range(2):
        layer.zero_grad()
        (layer(values) * towards).sum().backward()
        assert layer.weight.grad is not None and layer.weight.grad.dtype == torch.float32
        slopes.append(layer.weight.grad.clone())
        use_bfloat16(layer)
    assert 1e-4 < (slopes[0] - slopes[1]).norm() / slopes[0].norm() < 0.01


@pytest.mark.slow
def test_networks_learn_as_well_in_bfloat16(alanine: Molecule, alanine_frames: Frames) -> None:
    """The validation loss after a few epochs is close to that of float32."""
    losses = {}
    for precision in ("float32", "bfloat16"):
        settings = cgvae_published.PublishedSettings(
            features=64, epochs=8, batch_size=16, learning_rate=1e-3, precision=precision
        )
        method = cgvae_published.Method(settings, Mapping.centres(alanine.residue_index), alanine)
        context = TrainingContext(seed=1)
        method.fit(alanine_frames.positions[:160], alanine_frames.positions[160:], context)
        losses[precision] = [row["valid_loss"] for row in context.history]
    assert losses["bfloat16"] != losses["float32"], "bfloat16 must have an effect"
    assert losses["float32"][-1] < 0.7 * losses["float32"][0]
    np.testing.assert_allclose(losses["bfloat16"], losses["float32"], rtol=0.05)


def test_training_is_in_it_and_sampling_is_not(
    alanine: Molecule, alanine_frames: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounded: set[tuple[int, ...]] = set()
    real = torch.Tensor.bfloat16

    def spy(self: torch.Tensor) -> torch.Tensor:
        rounded.add(tuple(self.shape))
        return real(self)

    monkeypatch.setattr(torch.Tensor, "bfloat16", spy)
    settings = CGVAESettings(features=16, epochs=1, precision="bfloat16")
    frames, mapping = alanine_frames.positions[:64], Mapping.centres(alanine.residue_index)
    method = cgvae.Method(settings.resolved(TaskFacts.of(mapping, frames)), mapping, alanine)
    method.fit(frames, frames[:16], TrainingContext(seed=1))
    assert (16, 16) in rounded, "weights"
    rounded.clear()
    assert np.isfinite(method.sample(method.mapping.beads(frames), 2, seed=1)).all()
    assert not rounded, "samples are drawn in full precision"
