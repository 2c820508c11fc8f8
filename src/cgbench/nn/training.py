"""The training loop that all learned methods share."""

import copy
import math
import time
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from tqdm import tqdm

from cgbench.core.errors import InputError
from cgbench.core.seeds import derive
from cgbench.core.settings import Settings, fingerprint
from cgbench.core.training_context import TrainingContext
from cgbench.nn.checkpoint import Checkpoints

Positions = NDArray[np.floating]
Terms = dict[str, Tensor]
# From frames [batch, n_atoms, 3] (Å), the share of training that is over and random numbers to loss
# terms; the one with key "loss" is minimised.
Loss = Callable[[Tensor, float, torch.Generator], Terms]

LEARNING_RATE_WARM_UP = 0.05  # share of all steps


class TrainingSettings(Settings):
    """How a network is fitted.

    Attributes
    ----------
    epochs
        Passes over the training frames at most, each in whole batches: what is left over is other frames
        in every pass.
    batch_size
        Frames per step.
    learning_rate
        Peak of the schedule (linear warm-up, then half a cosine down to zero).
    weight_decay
        Of AdamW.
    gradient_clip
        Largest norm of a gradient step.
    patience
        Epochs without a better validation loss, after the warm-up, after which training stops.
    """

    epochs: Annotated[int, Field(ge=1)] = 40
    batch_size: Annotated[int, Field(ge=1)] = 64
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    gradient_clip: Annotated[float, Field(gt=0)] = 1.0
    patience: Annotated[int, Field(ge=1)] = 15

    @property
    def warm_up(self) -> float:
        """Share of training in which the objective or the step still grows: too early to lose patience."""
        return LEARNING_RATE_WARM_UP


def train_network(
    network: nn.Module,
    loss: Loss,
    train: Positions,
    valid: Positions,
    settings: TrainingSettings,
    context: TrainingContext,
) -> None:
    """Fit ``network`` in place and leave it with the weights of the best validation loss.

    Random numbers depend on the seed and the epoch alone, so a run that was killed and resumed from
    ``context.scratch`` ends with the same weights as one that was not.

    Parameters
    ----------
    loss
        Validation calls it with the share 1.0: the criterion does not move while terms warm up.
    train, valid : [n_frames, n_atoms, 3]
        Å.

    Raises
    ------
    InputError
        If the loss stops being finite, the checkpoint belongs to another configuration, or the disk
        is full.
    """
    frames, valid_frames = (
        torch.as_tensor(np.asarray(part, dtype=np.float32), device=context.device) for part in (train, valid)
    )
    network.to(context.device)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )
    state = _State(network, optimizer, settings, context)
    n_batches = max(1, len(frames) // settings.batch_size)
    total = settings.epochs * n_batches
    warm_epochs = math.ceil(settings.warm_up * settings.epochs)
    started = time.monotonic() - (context.history[-1]["seconds"] if context.history else 0.0)
    bar = tqdm(
        total=settings.epochs,
        initial=state.epoch,
        unit="epoch",
        disable=not context.progress,
    )
    while state.epoch < settings.epochs and state.waited(warm_epochs) < settings.patience:
        generator = torch.Generator().manual_seed(derive(context.seed, "epoch", state.epoch))
        order = torch.randperm(len(frames), generator=generator)
        sums: dict[str, float] = {}
        network.train()
        for index in range(n_batches):
            step = state.epoch * n_batches + index
            # Half a step before its end the schedule is not yet 0: a last or only step learns as well.
            share = min(step + 1, total - 0.5) / total
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * _schedule(share)
            batch = frames[order[index * settings.batch_size : (index + 1) * settings.batch_size]]
            terms = loss(batch, step / total, generator)
            optimizer.zero_grad(set_to_none=True)
            terms["loss"].backward()
            norm = nn.utils.clip_grad_norm_(network.parameters(), settings.gradient_clip)
            if not torch.isfinite(norm):
                raise InputError(
                    f"{context.training} diverged in its epoch {state.epoch + 1}, step {index + 1} (gradient "
                    f"norm {norm.item()}); {state.cure}"
                )
            optimizer.step()
            for key, value in terms.items():
                sums[key] = sums.get(key, 0.0) + value.item() / n_batches
        row = {"epoch": float(state.epoch + 1), "seconds": time.monotonic() - started}
        row |= {f"train_{key}": value for key, value in sums.items()}
        row |= {
            f"valid_{key}": value for key, value in _validate(network, loss, valid_frames, settings).items()
        }
        context.record(row)
        state.finish_epoch(row["valid_loss"])
        bar.set_postfix(train=f"{row['train_loss']:.4f}", valid=f"{row['valid_loss']:.4f}", refresh=False)
        bar.update()
    bar.close()
    network.load_state_dict(state.best_weights)
    network.eval()


def _schedule(share: float) -> float:
    if share < LEARNING_RATE_WARM_UP:
        return share / LEARNING_RATE_WARM_UP
    annealed = (share - LEARNING_RATE_WARM_UP) / (1.0 - LEARNING_RATE_WARM_UP)
    return 0.5 * (1.0 + math.cos(math.pi * annealed))


def _validate(network: nn.Module, loss: Loss, frames: Tensor, settings: TrainingSettings) -> dict[str, float]:
    network.eval()
    generator = torch.Generator().manual_seed(0)  # the same noise every epoch: losses are comparable
    sums: dict[str, float] = {}
    with torch.inference_mode():
        for batch in frames.split(4 * settings.batch_size):
            for key, value in loss(batch, 1.0, generator).items():
                sums[key] = sums.get(key, 0.0) + value.item() * len(batch) / len(frames)
    return sums


class _State:
    """Where training stands; written to disk after every epoch so that a killed job goes on."""

    def __init__(
        self,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        settings: TrainingSettings,
        context: TrainingContext,
    ) -> None:
        self.network, self.optimizer, self.context = network, optimizer, context
        self.cure = f"lower {context.key('learning_rate')} (now {settings.learning_rate})"
        self.epoch, self.best_epoch, self.best_loss = 0, 0, math.inf
        self.best_weights: dict[str, Tensor] = copy.deepcopy(network.state_dict())
        shapes = {name: list(value.shape) for name, value in self.best_weights.items()}
        owner = fingerprint(settings.to_json(), str(context.seed), str(shapes), context.spec)
        self.checkpoints = context.scratch and Checkpoints(context.scratch, owner)
        if self.checkpoints and (content := self.checkpoints.load()):
            self._resume(content)

    def waited(self, warm_epochs: int) -> int:
        """Epochs without a better validation loss, not counting those of the warm-up."""
        return self.epoch - max(self.best_epoch, warm_epochs)

    def finish_epoch(self, valid_loss: float) -> None:
        """Keep the weights if they are the best so far, and write the checkpoint."""
        self.epoch += 1
        if not math.isfinite(valid_loss):
            raise InputError(
                f"{self.context.training}: validation loss is {valid_loss} after its epoch {self.epoch}; "
                f"{self.cure}"
            )
        if valid_loss < self.best_loss:
            self.best_epoch, self.best_loss = self.epoch, valid_loss
            self.best_weights = copy.deepcopy(self.network.state_dict())
        if self.checkpoints:
            self.checkpoints.save(self._content())

    def _content(self) -> dict[str, Any]:
        return {
            "epoch": self.epoch,
            "best_epoch": self.best_epoch,
            "best_loss": self.best_loss,
            "best_weights": self.best_weights,
            "weights": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "history": self.context.history,
        }

    def _resume(self, content: dict[str, Any]) -> None:
        self.epoch, self.best_epoch = content["epoch"], content["best_epoch"]
        self.best_loss, self.best_weights = content["best_loss"], content["best_weights"]
        self.network.load_state_dict(content["weights"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.context.restore(content["history"])
