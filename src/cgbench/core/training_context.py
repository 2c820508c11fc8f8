"""Context of a training: seed, device, checkpoint folder and history."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class TrainingContext:
    """Everything that a method receives for its training except the data.

    Attributes
    ----------
    seed
        Seed of all random numbers of the training.
    scratch
        Folder of the checkpoints, or None for a training without checkpoints.
    spec
        Data, mapping and settings as text; a checkpoint is used only if it has the same text.
    device
        ``"cpu"`` or ``"cuda"``.
    history
        At most one row per epoch, written to ``history.csv``.
    progress
        Whether to draw a progress bar.
    observer
        Called with the history whenever it changes, or None.
    trained
        Model file of the method that this one builds on, trained on the same data with the same seed; None to
        train it.
    """

    seed: int
    scratch: Path | None = None
    spec: str = ""
    device: str = "cpu"
    history: list[dict[str, float]] = field(default_factory=list)
    progress: bool = False
    observer: Callable[[list[dict[str, float]]], None] | None = None
    trained: Path | None = None

    def record(self, row: dict[str, float]) -> None:
        """Append a row to the history."""
        self.restore([*self.history, row])

    def restore(self, history: list[dict[str, float]]) -> None:
        """Replace the history, for example by that of a checkpoint."""
        self.history[:] = history
        if self.observer:
            self.observer(self.history)
