"""What scores are made of, as it is stored for every run: sums over blocks of test frames."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import IntArray
from cgbench.core import registry
from cgbench.core.safe_io import opened_arrays, require
from cgbench.metrics.base import PerFrameMetric

Floats = NDArray[np.float64]
Metric = tuple[str, str]  # name and set of atoms
Finish = Callable[[Floats], Floats]
BLOCKS = ".blocks"


@dataclass(frozen=True)
class BlockSums:
    """What adds up over blocks of the test frames of one run, read where it is asked for.

    Sums of distributions are megabytes for each run, and nobody needs those of all metrics at once.

    Attributes
    ----------
    path
        ``scores.npz`` of the run.
    metrics
        Which metrics and sets of atoms have been scored.
    frames : int [2, n_frames]
        Index of every test frame in the dataset, and its block.
    """

    path: Path
    metrics: frozenset[Metric]
    frames: IntArray

    @classmethod
    def of_run(cls, directory: Path | str) -> "BlockSums":
        """Look into the ``scores.npz`` of a run.

        Raises
        ------
        InputError
            If the file is missing or damaged.
        """
        path = Path(directory) / "scores.npz"
        with _opened(path) as arrays:
            frames = np.stack([arrays["frame_index"], arrays["block"]])
            stored = [name.removesuffix(BLOCKS) for name in arrays.files if name.endswith(BLOCKS)]
        names = (name.rpartition(".") for name in stored)
        return cls(path, frozenset((metric, atoms) for metric, _, atoms in names), frames)

    def read(self, metric: Metric) -> Floats:
        """Read the sums [n_blocks, k] of one of the metrics.

        Raises
        ------
        InputError
            If the file is missing or damaged.
        """
        name = f"{metric[0]}.{metric[1]}"
        with _opened(self.path) as arrays:
            if name in arrays.files:
                refuse_other_shape(metric[0], arrays[name])
            sums: Floats = arrays[f"{name}{BLOCKS}"]
        return sums


def refuse_other_shape(metric: str, per_frame: Floats) -> None:
    """Refuse what frames give to a metric that has been made of something else since.

    Raises
    ------
    ValueError
        If a frame gives other numbers than the metric takes.
    """
    plugin = registry.load("metrics", metric)
    made_of = plugin.frame_shape if issubclass(plugin, PerFrameMetric) else per_frame.shape[1:]
    require(per_frame.shape[1:] == made_of, f"scores of {metric} as they are made now")


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    with opened_arrays(
        path,
        what="a file of scores",
        missing="run `cgbench score` with --per-frame first",
        cure="delete it and score again",
    ) as arrays:
        yield arrays


def finish(metric: str) -> Finish:
    """Give the function that makes the value of ``metric`` [...] of sums [..., k]."""
    value: Finish = registry.load("metrics", metric)().value
    return value


def distance_from_zero(made: Finish) -> Finish:
    """Give the function whose value is how far that of ``made`` is from 0."""
    return lambda sums: np.abs(made(sums))
