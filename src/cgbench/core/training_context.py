"""Context of a training: seed, device, checkpoint folder and history."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
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
    name
        Name of a stage of the training, which is also the config key of its settings; empty without stages.
    """

    seed: int
    scratch: Path | None = None
    spec: str = ""
    device: str = "cpu"
    history: list[dict[str, float]] = field(default_factory=list)
    progress: bool = False
    observer: Callable[[list[dict[str, float]]], None] | None = None
    name: str = ""

    @property
    def training(self) -> str:
        """Name of the training in messages."""
        return f"training of the {self.name}" if self.name else "training"

    def key(self, setting: str) -> str:
        """Return the config key of a setting of the training, relative to the method."""
        return f"{self.name}.{setting}" if self.name else setting

    def record(self, row: dict[str, float]) -> None:
        """Append a row to the history."""
        self.restore([*self.history, row])

    def restore(self, history: list[dict[str, float]]) -> None:
        """Replace the history, for example by that of a checkpoint."""
        self.history[:] = history
        if self.observer:
            self.observer(self.history)

    def stage(self, name: str) -> "TrainingContext":
        """Return the context of a later stage with its own checkpoints.

        Its rows are appended to the history with continued epochs and seconds. The loss is renamed after the
        stage, because it is another quantity.
        """
        before = list(self.history)
        last = before[-1] if before else {}

        def append(rows: list[dict[str, float]]) -> None:
            self.restore(before + [_continue_row(row, last, name) for row in rows])

        scratch = self.scratch and self.scratch / name
        return replace(self, scratch=scratch, history=[], observer=append, name=name)


def _continue_row(row: dict[str, float], last: dict[str, float], name: str) -> dict[str, float]:
    renamed = {key.replace("_loss", f"_{name}"): value for key, value in row.items()}
    return renamed | {key: row[key] + last.get(key, 0.0) for key in ("epoch", "seconds") if key in row}
