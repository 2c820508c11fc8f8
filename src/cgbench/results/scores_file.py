"""File of scores: sums of metrics over blocks of the test frames of one run."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import IntArray
from cgbench.core import registry
from cgbench.core.safe_io import opened_arrays, require
from cgbench.metrics.base import PerFrameMetric

Floats = NDArray[np.float64]
MetricKey = tuple[str, str]  # name and set of atoms
BLOCKS = ".blocks"

_open = partial(
    opened_arrays,
    what="a file of scores",
    missing="run `cgbench score` with --per-frame first",
    cure="delete it and score again",
)


@dataclass(frozen=True)
class BlockSums:
    """Sums of metrics over blocks of the test frames of one run.

    Sums are read one metric at a time: those of distributions are megabytes for each run.

    Attributes
    ----------
    path
        ``scores.npz`` of the run.
    metrics
        Metrics in the file, each with its set of atoms.
    frames : int [2, n_frames]
        Index of each test frame in the dataset, and its block.
    """

    path: Path
    metrics: frozenset[MetricKey]
    frames: IntArray

    @classmethod
    def of_run(cls, directory: Path | str) -> "BlockSums":
        """Open ``scores.npz`` in the directory of a run.

        Raises
        ------
        InputError
            If the file is missing or damaged.
        """
        path = Path(directory) / "scores.npz"
        with _open(path) as arrays:
            frames = np.stack([arrays["frame_index"], arrays["block"]])
            stored = [name.removesuffix(BLOCKS) for name in arrays.files if name.endswith(BLOCKS)]
        names = (name.rpartition(".") for name in stored)
        return cls(path, frozenset((metric, atoms) for metric, _, atoms in names), frames)

    def read(self, metric: MetricKey) -> Floats:
        """Read the sums [n_blocks, k] of a metric.

        Raises
        ------
        InputError
            If the file is missing or damaged, or holds scores of another version of the metric.
        """
        name = ".".join(metric)
        with _open(self.path) as arrays:
            if name in arrays.files:
                require_frame_shape(metric[0], arrays[name])
            sums: Floats = arrays[f"{name}{BLOCKS}"]
        return sums


def require_frame_shape(metric: str, per_frame: Floats) -> None:
    """Refuse scores of single frames that another version of the metric computed.

    Raises
    ------
    ValueError
        If the score of a frame has another shape than the metric declares.
    """
    plugin = registry.load("metrics", metric)
    if issubclass(plugin, PerFrameMetric):
        require(per_frame.shape[1:] == plugin.frame_shape, f"scores of the present version of {metric}")
