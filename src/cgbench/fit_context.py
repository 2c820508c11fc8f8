"""What a method gets from the run that trains it, apart from data."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class FitContext:
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
    """

    seed: int
    scratch: Path | None = None
    spec: str = ""
    device: str = "cpu"
    history: list[dict[str, float]] = field(default_factory=list)
    progress: bool = False
    observer: Callable[[list[dict[str, float]]], None] | None = None

    def record(self, row: dict[str, float]) -> None:
        """Add a row to the history."""
        self.history.append(row)
        if self.observer:
            self.observer(self.history)
