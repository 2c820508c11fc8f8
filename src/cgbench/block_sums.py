"""What scores are made of, as it is stored for every run: sums over blocks of test frames."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cgbench import plugins
from cgbench.reading import opened_arrays

Floats = NDArray[np.float64]
Metric = tuple[str, str]  # name and set of atoms
BlockSums = dict[Metric, Floats]
Finish = Callable[[Floats], Floats]
BLOCKS = ".blocks"


def read_block_sums(path: Path | str) -> BlockSums:
    """Read what adds up over blocks of test frames, [n_blocks, k] for every metric and set of atoms.

    Parameters
    ----------
    path
        ``scores.npz`` of a run.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    with opened_arrays(
        path,
        what="a file of scores",
        missing="run `cgbench score` with --per-frame first",
        cure="delete it and score again",
    ) as arrays:
        sums = {name.removesuffix(BLOCKS): arrays[name] for name in arrays.files if name.endswith(BLOCKS)}
    return {(name.rpartition(".")[0], name.rpartition(".")[2]): found for name, found in sums.items()}


def finish(metric: str) -> Finish:
    """Give the function that makes the value of ``metric`` [...] of sums [..., k]."""
    value: Finish = plugins.load("metrics", metric)().value
    return value


def distance_from_zero(made: Finish) -> Finish:
    """Give the function whose value is how far that of ``made`` is from 0."""
    return lambda sums: np.abs(made(sums))
