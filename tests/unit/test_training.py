"""Training loop: early stopping, best weights, checkpoints, divergence."""

import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cgbench.core.errors import InputError
from cgbench.methods.base import TrainingContext
from cgbench.nn.training import Terms, TrainingSettings, train_network


class Offset(nn.Module):
    """Learns one number per coordinate."""

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.zeros(2, 3))


def loss_of(network: Offset):
    def loss(positions: Tensor, progress: float, generator: torch.Generator) -> Terms:
        noise = 0.1 * torch.randn(positions.shape, generator=generator)
        return {"loss": (network.value - positions + noise).square().mean()}

    return loss


@pytest.fixture
def frames(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(1.0, 0.3, size=(60, 2, 3)).astype(np.float32)


def settings(**values: float) -> TrainingSettings:
    return TrainingSettings.model_validate({"epochs": 8, "batch_size": 10, "learning_rate": 0.05} | values)


def test_learns_and_records_every_epoch(frames: np.ndarray) -> None:
    network, context = Offset(), TrainingContext(seed=1)
    train_network(
        network, loss_of(network), frames[:50], frames[50:], settings(epochs=40, patience=40), context
    )
    assert len(context.history) == 40
    assert context.history[0].keys() == {"epoch", "seconds", "train_loss", "valid_loss"}
    np.testing.assert_allclose(network.value.detach(), frames[:50].mean(0), atol=0.1)


def test_early_stop_restores_the_best_weights(frames: np.ndarray) -> None:
    """The initial weights are optimal for the validation frames, so every epoch increases the loss."""
    network, context = Offset(), TrainingContext(seed=1)
    train_network(
        network, loss_of(network), frames[:50], 0 * frames[50:], settings(epochs=40, patience=3), context
    )
    losses = [row["valid_loss"] for row in context.history]
    warm = 2  # of 40 epochs; patience starts after them
    assert len(losses) == warm + 3 and min(losses) == losses[0]
    best, again = Offset(), TrainingContext(seed=1)
    train_network(best, loss_of(best), frames[:50], 0 * frames[50:], settings(epochs=40, patience=1), again)
    torch.testing.assert_close(network.value, best.value)


class SlowStart(TrainingSettings):
    """Validation gets worse for the first half of training, and better afterwards."""

    @property
    def warm_up(self) -> float:
        return 0.5


def test_patience_waits_for_the_warm_up(frames: np.ndarray) -> None:
    network, context, validations = Offset(), TrainingContext(seed=1), []

    def loss(positions: Tensor, progress: float, generator: torch.Generator) -> Terms:
        if progress < 1.0:
            return {"loss": network.value.square().sum()}
        validations.append(1)
        return {"loss": torch.tensor(abs(10.5 - len(validations)) * -1.0 if len(validations) < 10 else -20.0)}

    values = {"epochs": 20, "batch_size": 50, "patience": 3}
    train_network(network, loss, frames[:50], frames[50:], SlowStart(**values), context)
    assert len(context.history) > 10


class KilledError(Exception):
    pass


def test_resumed_training_equals_an_uninterrupted_one(frames: np.ndarray, tmp_path: Path) -> None:
    whole, context = Offset(), TrainingContext(seed=1)
    train_network(whole, loss_of(whole), frames[:50], frames[50:], settings(), context)

    def dies(positions: Tensor, progress: float, generator: torch.Generator) -> Terms:
        if progress > 0.55 and progress < 1.0:
            raise KilledError
        return loss_of(network)(positions, progress, generator)

    network = Offset()
    with pytest.raises(KilledError):
        train_network(network, dies, frames[:50], frames[50:], settings(), TrainingContext(1, tmp_path))
    resumed, again = Offset(), TrainingContext(1, tmp_path)
    train_network(resumed, loss_of(resumed), frames[:50], frames[50:], settings(), again)
    torch.testing.assert_close(resumed.value, whole.value, rtol=0, atol=0)
    assert len(again.history) == len(context.history)
    for row, other in zip(again.history, context.history, strict=True):
        assert row["valid_loss"] == other["valid_loss"]


@pytest.mark.parametrize("change", ["settings", "seed", "spec"])
def test_checkpoint_of_another_run_is_refused(change: str, frames: np.ndarray, tmp_path: Path) -> None:
    network = Offset()
    train_network(
        network, loss_of(network), frames[:50], frames[50:], settings(), TrainingContext(1, tmp_path, "a")
    )
    other = settings(learning_rate=0.01) if change == "settings" else settings()
    context = TrainingContext(2 if change == "seed" else 1, tmp_path, "b" if change == "spec" else "a")
    with pytest.raises(InputError, match=r"checkpoint\.pt: checkpoint of another configuration .*delete it"):
        train_network(network, loss_of(network), frames[:50], frames[50:], other, context)


def _train(frames: np.ndarray, scratch: Path, epochs: int | None = None) -> tuple[Tensor, list[float]]:
    """Train with checkpoints, at most ``epochs`` epochs; return weights and validation losses."""
    network, context = Offset(), TrainingContext(1, scratch)

    def loss(positions: Tensor, progress: float, generator: torch.Generator) -> Terms:
        if epochs is not None and progress < 1.0 and len(context.history) >= epochs:
            raise KilledError
        return loss_of(network)(positions, progress, generator)

    with suppress(KilledError):
        train_network(network, loss, frames[:50], frames[50:], settings(), context)
    return network.value.detach(), [row["valid_loss"] for row in context.history]


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _flip_a_bit_of_a_weight(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[_first_byte_of(path, "/data/0")] ^= 1
    path.write_bytes(content)


def _first_byte_of(path: Path, end: str) -> int:
    """Offset of the first archive member with a name that ends in ``end``."""
    with zipfile.ZipFile(path) as archive:
        name = next(name for name in archive.namelist() if name.endswith(end))
        start = archive.read(name)
    return path.read_bytes().index(start)


@pytest.mark.parametrize("damage", [_truncate, _empty, _flip_a_bit_of_a_weight])
def test_damaged_checkpoint_is_removed_and_training_starts_again(
    damage: Callable[[Path], None], frames: np.ndarray, tmp_path: Path
) -> None:
    uninterrupted = _train(frames, tmp_path / "uninterrupted")
    _train(frames, tmp_path / "killed", epochs=5)
    damage(tmp_path / "killed/checkpoint.pt")
    with pytest.warns(UserWarning, match=r"checkpoint\.pt: damaged checkpoint \(.+\), removed"):
        weights, history = _train(frames, tmp_path / "killed")
    assert history == uninterrupted[1]
    torch.testing.assert_close(weights, uninterrupted[0], rtol=0, atol=0)


def test_divergence_is_reported_with_its_epoch(frames: np.ndarray) -> None:
    network = Offset()

    def explodes(positions: Tensor, progress: float, generator: torch.Generator) -> Terms:
        return {"loss": (network.value * float("inf")).sum()}

    with pytest.raises(
        InputError, match=r"training diverged in epoch 1, step 5 .*lower learning_rate \(now 0\.05\)"
    ):
        train_network(network, explodes, frames[:50], frames[50:], settings(), TrainingContext(1))


def test_steps_whose_gradient_overflows_are_left_out(frames: np.ndarray) -> None:
    """Twelve of the first epoch, which are not in sequence."""
    plain, network, steps = Offset(), Offset(), iter(range(10_000))
    learns = loss_of(network)

    def overflows(positions: Tensor, progress: float, generator: torch.Generator) -> Terms:
        terms = learns(positions, progress, generator)
        return {"loss": terms["loss"] * (float("inf") if next(steps) in range(0, 24, 2) else 1.0)}

    usual, context = TrainingContext(1), TrainingContext(1)
    small = settings(epochs=40, batch_size=2)
    train_network(plain, loss_of(plain), frames[:50], frames[50:], small, usual)
    with pytest.warns(UserWarning, match="step 3 of epoch 1 is left out.* lower learning_rate"):
        train_network(network, overflows, frames[:50], frames[50:], small, context)
    first, usual_first = (each.history[0]["train_loss"] for each in (context, usual))
    assert first > usual_first, "the mean is that of the steps that were taken"
    best, expected = (min(row["valid_loss"] for row in each.history) for each in (context, usual))
    assert best != expected and best == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("epochs", [1, 8])
def test_fewer_frames_than_a_batch_still_train(epochs: int, frames: np.ndarray) -> None:
    """A single step does not have the learning rate zero of the end of the schedule."""
    network, context = Offset(), TrainingContext(seed=1)
    train_network(network, loss_of(network), frames[:4], frames[50:], settings(epochs=epochs), context)
    assert len(context.history) == epochs
    assert (network.value > 0.02).all()


def test_a_validation_loss_that_is_not_finite_is_refused_with_the_cure(frames: np.ndarray) -> None:
    network = Offset()
    infinite = frames[50:] * np.inf
    said = r"training: the validation loss is inf after epoch 1; lower learning_rate \(now"
    with pytest.raises(InputError, match=said):
        train_network(network, loss_of(network), frames[:50], infinite, settings(), TrainingContext(1))
