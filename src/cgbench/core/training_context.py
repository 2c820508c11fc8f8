"""What a method gets from the run that trains it, apart from data."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path


@dataclass
class TrainingContext:
    """What a method gets from the run that trains it, apart from data.

    Attributes
    ----------
    seed
        Everything stochastic in training derives from it.
    scratch
        Directory for checkpoints that survive a killed job, or None to keep none.
    spec
        What else must be equal for a checkpoint to be taken up: data, mapping, settings, as text.
    device
        ``"cpu"`` or ``"cuda"``.
    history
        One row per epoch (or fewer); the run writes them to ``history.csv``.
    progress
        Whether to draw a progress bar.
    observer
        Called with the history whenever a row is added, or None.
    name
        Of the stage of a training, under which its settings stand; empty where there are no stages.
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
        """What is being trained, for messages."""
        return f"training of the {self.name}" if self.name else "training"

    def key(self, setting: str) -> str:
        """Where a setting of it stands in the config of the method."""
        return f"{self.name}.{setting}" if self.name else setting

    def record(self, row: dict[str, float]) -> None:
        """Add a row to the history."""
        self.history.append(row)
        if self.observer:
            self.observer(self.history)

    def restore(self, history: list[dict[str, float]]) -> None:
        """Take up the history of a training that was killed."""
        self.history[:] = history
        if self.observer:
            self.observer(self.history)

    def stage(self, name: str) -> "TrainingContext":
        """Return the context of a later stage of this training, with checkpoints of its own.

        Its epochs and seconds go on from those so far, and its loss gets the name of the stage: another
        quantity is not to continue the curve of the first.
        """
        before = list(self.history)
        last = before[-1] if before else {}

        def follow(rows: list[dict[str, float]]) -> None:
            self.restore(before + [_continued(row, last, name) for row in rows])

        scratch = self.scratch and self.scratch / name
        return replace(self, scratch=scratch, history=[], observer=follow, name=name)


def _continued(row: dict[str, float], last: dict[str, float], name: str) -> dict[str, float]:
    """Turn a row of a stage into a row of the whole."""
    renamed = {key.replace("_loss", f"_{name}"): value for key, value in row.items()}
    return renamed | {key: row[key] + last.get(key, 0.0) for key in ("epoch", "seconds") if key in row}
