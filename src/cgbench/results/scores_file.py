"""File of scores: sums of metrics over blocks of the test frames of one run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import IntArray
from cgbench.core.safe_io import opened_arrays, require
from cgbench.metrics.base import MetricBase, PerFrameMetric

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

    Sums of distributions are megabytes for each run, and not kept.

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

    def read(self, plug_ins: Mapping[MetricKey, type[MetricBase]]) -> Iterator[tuple[MetricKey, Floats]]:
        """Read the sums [n_blocks, k] of metrics, one after the other.

        Parameters
        ----------
        plug_ins
            Class of each metric.

        Raises
        ------
        InputError
            If the file is missing or damaged, or holds scores of another version of a metric.
        """
        with _open(self.path) as arrays:
            for metric, plug_in in plug_ins.items():
                name = ".".join(metric)
                if name in arrays.files:
                    require_frame_shape(metric[0], plug_in, arrays[name])
                yield metric, arrays[f"{name}{BLOCKS}"]


def require_frame_shape(name: str, metric: type[MetricBase], per_frame: Floats) -> None:
    """Refuse scores of single frames that another version of the metric computed.

    Raises
    ------
    ValueError
        If the score of a frame has another shape than the metric declares.
    """
    if issubclass(metric, PerFrameMetric):
        require(per_frame.shape[1:] == metric.frame_shape, f"scores of the present version of {name}")
