"""The training loop of all learned methods, with checkpoints."""

import copy
import io
import math
import time
import warnings
import zipfile
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from tqdm import tqdm

from cgbench.core.atomic_io import atomic_output
from cgbench.core.errors import InputError
from cgbench.core.seeds import derive
from cgbench.core.settings import Settings, fingerprint
from cgbench.core.training_context import TrainingContext

Positions = NDArray[np.floating]
Terms = dict[str, Tensor]
# Maps frames [batch, n_atoms, 3] (Å), the completed share of training and a random generator to loss terms.
# The term "loss" is minimised.
Loss = Callable[[Tensor, float, torch.Generator], Terms]

LEARNING_RATE_WARM_UP = 0.05  # share of all steps
# Steps in sequence whose gradient is not finite, after which training fails. One such step is left out: a
# single frame can cause it, and training goes on from the same weights.
MOST_OVERFLOWS = 10


class TrainingSettings(Settings):
    """Settings of the optimisation of a network.

    Attributes
    ----------
    batch_size
        Frames per step.
    epochs
        Largest number of passes over the training frames. Incomplete batches are left out; frames are
        shuffled in every epoch.
    learning_rate
        Peak of the schedule (linear warm-up, then cosine decay to zero).
    weight_decay
        Weight decay of AdamW.
    gradient_clip
        Largest norm of the gradient.
    patience
        Epochs without a lower validation loss, after the warm-up, until training stops.
    """

    # Before the epochs, whose automatic value may follow from it.
    batch_size: Annotated[int, Field(ge=1)] = 64
    epochs: Annotated[int, Field(ge=1)] = 40
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    gradient_clip: Annotated[float, Field(gt=0)] = 1.0
    patience: Annotated[int, Field(ge=1)] = 15

    @property
    def warm_up(self) -> float:
        """Share of training in which learning rate or loss still increase and patience does not count."""
        return LEARNING_RATE_WARM_UP


def train_network(
    network: nn.Module,
    loss: Loss,
    train: Positions,
    valid: Positions,
    settings: TrainingSettings,
    context: TrainingContext,
) -> None:
    """Fit a network in place and restore the weights with the lowest validation loss.

    Random numbers depend only on the seed and the epoch. A run that was killed and resumed from a checkpoint
    in ``context.scratch`` therefore ends with the same weights as an uninterrupted run.

    Parameters
    ----------
    network
        Module with the parameters to fit.
    loss
        Loss function. Validation calls it with the share 1.0, so that losses of different epochs are
        comparable.
    train, valid : [n_frames, n_atoms, 3]
        Å.
    settings
        Settings of the optimisation.
    context
        Seed, device, checkpoint folder and history of the run.

    Raises
    ------
    InputError
        If the gradient is not finite in several steps in sequence, the checkpoint belongs to another
        configuration, or the disk is full.
    """
    frames, valid_frames = (
        torch.as_tensor(np.asarray(part, dtype=np.float32), device=context.device) for part in (train, valid)
    )
    network.to(context.device)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )
    progress = _Progress(network, optimizer, settings, context)
    n_batches = max(1, len(frames) // settings.batch_size)
    total = settings.epochs * n_batches
    warm_epochs = math.ceil(settings.warm_up * settings.epochs)
    started = time.monotonic() - (context.history[-1]["seconds"] if context.history else 0.0)
    bar = tqdm(total=settings.epochs, initial=progress.epoch, unit="epoch", disable=not context.progress)
    while progress.epoch < settings.epochs and progress.waited(warm_epochs) < settings.patience:
        generator = torch.Generator().manual_seed(derive(context.seed, "epoch", progress.epoch))
        order = torch.randperm(len(frames), generator=generator)
        sums: dict[str, float] = {}
        overflows, taken = 0, 0
        network.train()
        for index in range(n_batches):
            step = progress.epoch * n_batches + index
            # The last step is half a step before the end of the schedule, where the learning rate is zero.
            share = min(step + 1, total - 0.5) / total
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * _schedule(share)
            batch = frames[order[index * settings.batch_size : (index + 1) * settings.batch_size]]
            terms = loss(batch, step / total, generator)
            optimizer.zero_grad(set_to_none=True)
            terms["loss"].backward()
            norm = nn.utils.clip_grad_norm_(network.parameters(), settings.gradient_clip)
            if not torch.isfinite(norm):
                overflows += 1
                if overflows == min(MOST_OVERFLOWS, n_batches):
                    raise InputError(
                        f"training diverged in epoch {progress.epoch + 1}, step {index + 1} (gradient norm "
                        f"{norm.item()}); {progress.cure}"
                    )
                warnings.warn(
                    f"training: step {index + 1} of epoch {progress.epoch + 1} is left out, because its "
                    f"gradient is not finite (norm {norm.item()}); if there are many, {progress.cure}",
                    stacklevel=2,
                )
                continue
            overflows, taken = 0, taken + 1
            optimizer.step()
            for key, value in terms.items():
                sums[key] = sums.get(key, 0.0) + value.item()
        row = {"epoch": float(progress.epoch + 1), "seconds": time.monotonic() - started}
        row |= {f"train_{key}": value / taken for key, value in sums.items()}
        row |= {
            f"valid_{key}": value for key, value in _validate(network, loss, valid_frames, settings).items()
        }
        context.record(row)
        progress.finish_epoch(row["valid_loss"])
        bar.set_postfix(train=f"{row['train_loss']:.4f}", valid=f"{row['valid_loss']:.4f}", refresh=False)
        bar.update()
    bar.close()
    network.load_state_dict(progress.best_weights)
    network.eval()


def _schedule(share: float) -> float:
    if share < LEARNING_RATE_WARM_UP:
        return share / LEARNING_RATE_WARM_UP
    annealed = (share - LEARNING_RATE_WARM_UP) / (1.0 - LEARNING_RATE_WARM_UP)
    return 0.5 * (1.0 + math.cos(math.pi * annealed))


def _validate(network: nn.Module, loss: Loss, frames: Tensor, settings: TrainingSettings) -> dict[str, float]:
    network.eval()
    generator = torch.Generator().manual_seed(0)  # the same noise in every epoch
    sums: dict[str, float] = {}
    with torch.inference_mode():
        for batch in frames.split(4 * settings.batch_size):
            for key, value in loss(batch, 1.0, generator).items():
                sums[key] = sums.get(key, 0.0) + value.item() * len(batch) / len(frames)
    return sums


class _Progress:
    """Epoch, best weights and checkpoint file of a training."""

    def __init__(
        self,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        settings: TrainingSettings,
        context: TrainingContext,
    ) -> None:
        self.network, self.optimizer, self.context = network, optimizer, context
        self.cure = f"lower learning_rate (now {settings.learning_rate})"
        self.epoch, self.best_epoch, self.best_loss = 0, 0, math.inf
        self.best_weights: dict[str, Tensor] = copy.deepcopy(network.state_dict())
        shapes = {name: list(value.shape) for name, value in self.best_weights.items()}
        self.fingerprint = fingerprint(settings.to_json(), str(context.seed), str(shapes), context.spec)
        self.checkpoint = context.scratch and context.scratch / "checkpoint.pt"
        if content := self._load():
            self.epoch, self.best_epoch = content["epoch"], content["best_epoch"]
            self.best_loss, self.best_weights = content["best_loss"], content["best_weights"]
            network.load_state_dict(content["weights"])
            optimizer.load_state_dict(content["optimizer"])
            context.restore(content["history"])

    def waited(self, warm_epochs: int) -> int:
        """Count epochs without a lower validation loss, after the warm-up."""
        return self.epoch - max(self.best_epoch, warm_epochs)

    def finish_epoch(self, valid_loss: float) -> None:
        """Store the weights if they are the best so far, and write the checkpoint."""
        self.epoch += 1
        if not math.isfinite(valid_loss):
            raise InputError(
                f"training: the validation loss is {valid_loss} after epoch {self.epoch}; {self.cure}"
            )
        if valid_loss < self.best_loss:
            self.best_epoch, self.best_loss = self.epoch, valid_loss
            self.best_weights = copy.deepcopy(self.network.state_dict())
        if self.checkpoint:
            content = {
                "epoch": self.epoch,
                "best_epoch": self.best_epoch,
                "best_loss": self.best_loss,
                "best_weights": self.best_weights,
                "weights": self.network.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "history": self.context.history,
                "fingerprint": self.fingerprint,
            }
            with atomic_output(self.checkpoint) as temporary:
                torch.save(content, temporary)

    def _load(self) -> dict[str, Any] | None:
        if not self.checkpoint or not self.checkpoint.exists():
            return None
        try:
            stored = io.BytesIO(self.checkpoint.read_bytes())
            # torch does not verify checksums, so a flipped bit would change a weight.
            if damaged := zipfile.ZipFile(stored).testzip():
                raise zipfile.BadZipFile(damaged)
            stored.seek(0)
            content: dict[str, Any] = torch.load(stored, weights_only=True, map_location="cpu")
        except Exception as error:
            # torch, zipfile and the unpickler raise many exception types for damaged files.
            self.checkpoint.unlink()
            warnings.warn(
                f"{self.checkpoint}: damaged checkpoint ({type(error).__name__}), removed; this "
                "training starts again from its first epoch, with the same result",
                stacklevel=4,
            )
            return None
        if content.get("fingerprint") != self.fingerprint:
            raise InputError(
                f"{self.checkpoint}: checkpoint of another configuration ({content.get('fingerprint')}, this "
                f"run is {self.fingerprint}); delete it to train from the start"
            )
        return content
