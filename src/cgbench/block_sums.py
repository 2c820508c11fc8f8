"""What scores are made of, as it is stored for every run: sums over blocks of test frames."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cgbench import plugins
from cgbench.errors import InputError

Floats = NDArray[np.float64]
Metric = tuple[str, str]  # name and set of atoms
BlockSums = dict[Metric, Floats]
BLOCKS = ".blocks"


def read_block_sums(path: Path | str) -> BlockSums:
    """Read what adds up over blocks of test frames, [n_blocks, k] for every metric and set of atoms.

    Where only scores of frames are stored, blocks are trajectories and sums are made of them.

    Parameters
    ----------
    path
        ``scores.npz`` of a run.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            blocks = np.unique(arrays["trajectory"], return_inverse=True)[1]
            found: dict[str, Floats] = {}
            for name in arrays.files:
                if name.endswith(BLOCKS):
                    found[name.removesuffix(BLOCKS)] = arrays[name]
                elif "." in name:
                    found.setdefault(name, _sum_and_count(arrays[name], blocks))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; run `cgbench score` with --per-frame first") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: not a file of scores ({error}); delete it and score again") from None
    return {(name.rpartition(".")[0], name.rpartition(".")[2]): sums for name, sums in found.items()}


def _sum_and_count(scores: Floats, blocks: NDArray[np.int64]) -> Floats:
    defined = ~np.isnan(scores)
    return np.stack(
        [np.bincount(blocks, np.where(defined, scores, 0.0)), np.bincount(blocks, defined)], axis=1
    )


def finish(metric: str) -> Callable[[Floats], Floats]:
    """Give the function that makes the value of ``metric`` [...] of sums [..., k]."""
    value: Callable[[Floats], Floats] = getattr(plugins.load("metrics", metric)(), "value", _mean)
    return value


def _mean(total: Floats) -> Floats:
    sums, counts = total[..., 0], total[..., 1]
    return np.asarray(np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0))
