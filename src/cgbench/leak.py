"""What shuffling correlated frames before the split is worth: the same methods under both protocols."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cgbench import runtime
from cgbench.config import PlugIn
from cgbench.errors import InputError
from cgbench.files import atomic_output
from cgbench.frames import Frames
from cgbench.geometry import rmsd
from cgbench.mapping.base import Mapping
from cgbench.methods.base import FitContext, draw
from cgbench.schema import Protocol
from cgbench.seeds import derive
from cgbench.splits import Split, make_split
from cgbench.superposition import nearest_shapes
from cgbench.uncertainty import Resampling, mean_of_defined

SPLITS = ("leak_free", "published")
LABELS = ("split", "fold", "trajectory", "frame")
NEAREST_BEADS, NEAREST_ATOMS = "nearest beads", "nearest atoms"  # distance to the nearest training frame
SUMMARY_COLUMNS = ("quantity", *SPLITS, "difference", "low", "high", "p")


def measure_leak(
    frames: Frames,
    mappings: Sequence[Mapping],
    methods: Sequence[PlugIn],
    protocol: Protocol,
    seed: int,
    *,
    threads: int = 1,
) -> pd.DataFrame:
    """Train and test methods on leak-free and on shuffled folds, and measure how near training frames are.

    Parameters
    ----------
    mappings
        One per fold.
    methods
        Cheap ones: each is trained twice per fold.
    protocol
        Its ``split`` does not matter: both are made.

    Returns
    -------
    DataFrame
        One row per test frame of a split and fold: ``trajectory``, ``frame``, RMSD (Å) to the nearest
        training frame after superposition, of the beads (each counted with its atoms) as ``nearest
        beads`` and of all atoms as ``nearest atoms``; and mean RMSD (Å) of samples drawn from the beads
        to the frame, without superposition, as ``<method> all`` and ``<method> heavy``.

    Raises
    ------
    InputError
        If there are not as many mappings as folds, or a split cannot be made.
    """
    if len(mappings) != protocol.folds:
        raise InputError(
            f"{len(mappings)} mappings for {protocol.folds} folds (protocol.folds); give one of each fold"
        )
    parts = []
    for name in SPLITS:
        for fold, mapping in enumerate(mappings):
            split = make_split(frames, protocol.model_copy(update={"split": name}), fold, seed)
            columns = _distances(frames, split, mapping)
            for method in methods:
                columns |= _errors(method, frames, split, mapping, protocol.n_samples, seed, threads)
            labels = {"split": name, "fold": fold, "trajectory": frames.trajectory[split.test]}
            parts.append(pd.DataFrame(labels | {"frame": split.test} | columns))
    return pd.concat(parts, ignore_index=True)


def _distances(frames: Frames, split: Split, mapping: Mapping) -> dict[str, NDArray[np.floating]]:
    test, train = frames.positions[split.test], frames.positions[split.train]
    even = np.full(mapping.n_atoms, 1 / mapping.n_atoms)
    return {
        NEAREST_BEADS: nearest_shapes(mapping.beads(test), mapping.beads(train), mapping.shares, 1)[1][:, 0],
        NEAREST_ATOMS: nearest_shapes(test, train, even, 1)[1][:, 0],
    }


def _errors(
    method: PlugIn, frames: Frames, split: Split, mapping: Mapping, n_samples: int, seed: int, threads: int
) -> dict[str, NDArray[np.floating]]:
    model = method.create(mapping, frames.molecule)
    context = FitContext(derive(seed, "train", split.fold))
    runtime.set_up(context.seed, threads)
    model.fit(frames.positions[split.train], frames.positions[split.valid], context)
    test = frames.positions[split.test]
    samples = draw(model, test, n_samples, derive(seed, "sample", split.fold))
    heavy = frames.molecule.heavy
    return {
        f"{method.name} all": rmsd(samples, test[:, None]).mean(axis=1),
        f"{method.name} heavy": rmsd(samples[:, :, heavy], test[:, None, heavy]).mean(axis=1),
    }


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Compare the two splits on the trajectories that both test.

    Folds of the two splits test other frames, but over all folds both test the same trajectories,
    which are therefore what is paired and drawn.

    Returns
    -------
    DataFrame
        One row per quantity of :func:`measure_leak`: mean under each split, ``difference`` published
        − leak_free with its 95 % interval, and ``p``. Negative differences are what the leak is worth.
    """
    quantities = [str(column) for column in table if column not in LABELS]
    means = table.groupby(["split", "trajectory"])[quantities].mean()
    free, published = (means.loc[name] for name in SPLITS)
    shared = free.index.intersection(published.index)
    resampling = Resampling.of((len(shared),))
    rows = []
    for quantity in quantities:
        a, b = (side.loc[shared, quantity].to_numpy() for side in (free, published))
        values = resampling.values((b - a)[:, None] / len(shared), lambda total: total[..., 0])
        found = resampling.estimate(*values)
        ends = (found.mean - found.reach, found.mean + found.reach)
        rows.append((quantity, mean_of_defined(a), mean_of_defined(b), found.mean, *ends, found.p))
    return pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS))


def write(table: pd.DataFrame, path: Path | str) -> None:
    """Write a table of :func:`measure_leak` or :func:`summarise` as CSV, atomically."""
    with atomic_output(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.5g")


def read_leak(path: Path | str) -> pd.DataFrame:
    """Read a table of :func:`measure_leak`.

    Raises
    ------
    InputError
        If the file is missing, damaged or another table.
    """
    try:
        table = pd.read_csv(path)
    except FileNotFoundError:
        raise InputError(f"{path}: no such table; run `cgbench leak` first") from None
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: damaged table ({error}); delete it and run again") from None
    missing = [column for column in (*LABELS, NEAREST_BEADS, NEAREST_ATOMS) if column not in table]
    if missing or set(table["split"]) != set(SPLITS):
        raise InputError(f"{path}: not a table of a leak; delete it and run `cgbench leak` again")
    return table
