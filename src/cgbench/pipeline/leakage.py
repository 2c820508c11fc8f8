"""Leakage study: the same methods with a leak-free and with the published, shuffled split."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cgbench.chem.frames import Frames
from cgbench.chem.geometry import rmsd
from cgbench.chem.superposition import nearest_shapes
from cgbench.config.schema import Protocol
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.core.seeds import derive
from cgbench.core.wording import counted
from cgbench.data.splits import Split, evenly, make_split
from cgbench.mapping.base import Mapping
from cgbench.methods.base import TrainingContext, draw
from cgbench.nn.task_facts import TaskFacts
from cgbench.pipeline.leakage_table import NEAREST_ATOMS, NEAREST_BEADS, SPLITS
from cgbench.runtime import device as runtime


def measure_leakage(
    frames: Frames,
    mappings: Sequence[Mapping],
    methods: Sequence[PlugIn],
    protocol: Protocol,
    seed: int,
    *,
    threads: int = 1,
) -> pd.DataFrame:
    """Train and test methods with both splits, and measure distances to the nearest training frames.

    Both splits use the same number of training frames per fold; the larger set is thinned.

    Parameters
    ----------
    methods
        Methods; each is trained twice per fold.
    protocol
        Protocol of the folds; its ``split`` is ignored.

    Returns
    -------
    DataFrame
        One row per test frame of a split and fold, with ``trajectory``, ``frame``, and

        - ``nearest beads``, ``nearest atoms``: RMSD (Å) to the nearest training frame after superposition, of
          the beads (weighted by their number of atoms) and of all atoms;
        - ``<method> all``, ``<method> heavy``: mean RMSD (Å) of samples to the frame, without superposition.

    Raises
    ------
    InputError
        If the number of mappings is not the number of folds, or a split cannot be made.
    """
    if len(mappings) != protocol.folds:
        raise InputError(
            f"{counted(len(mappings), 'mapping')} for {counted(protocol.folds, 'fold')} (protocol.folds); "
            "give one per fold"
        )
    splits = {
        name: [
            make_split(frames, protocol.model_copy(update={"split": name}), fold, seed)
            for fold in range(protocol.folds)
        ]
        for name in SPLITS
    }
    n_train = [min(len(split.train) for split in of_fold) for of_fold in zip(*splits.values(), strict=True)]
    parts = []
    for name in SPLITS:
        for fold, mapping in enumerate(mappings):
            split = splits[name][fold]
            split = replace(split, train=evenly(split.train, n_train[fold]))
            columns = _distances(frames, split, mapping)
            for method in methods:
                columns |= _errors(method, frames, split, mapping, protocol.n_samples, seed, threads)
            labels = {"split": name, "fold": fold, "trajectory": frames.trajectory[split.test]}
            parts.append(pd.DataFrame(labels | {"frame": split.test} | columns))
    return pd.concat(parts, ignore_index=True)


def _distances(frames: Frames, split: Split, mapping: Mapping) -> dict[str, NDArray[np.floating]]:
    test, train = frames.positions[split.test], frames.positions[split.train]
    uniform = np.full(mapping.n_atoms, 1 / mapping.n_atoms)
    return {
        NEAREST_BEADS: nearest_shapes(mapping.beads(test), mapping.beads(train), mapping.shares, 1)[1][:, 0],
        NEAREST_ATOMS: nearest_shapes(test, train, uniform, 1)[1][:, 0],
    }


def _errors(
    method: PlugIn, frames: Frames, split: Split, mapping: Mapping, n_samples: int, seed: int, threads: int
) -> dict[str, NDArray[np.floating]]:
    facts = TaskFacts.of(mapping, frames.positions[split.train])
    model = method.resolved(facts).create(mapping, frames.molecule)
    context = TrainingContext(derive(seed, "train", split.fold))
    runtime.set_up(context.seed, threads)
    model.fit(frames.positions[split.train], frames.positions[split.valid], context)
    test = frames.positions[split.test]
    samples = draw(model, test, n_samples, derive(seed, "sample", split.fold))
    heavy = frames.molecule.heavy
    return {
        f"{method.name} all": rmsd(samples, test[:, None]).mean(axis=1),
        f"{method.name} heavy": rmsd(samples[:, :, heavy], test[:, None, heavy]).mean(axis=1),
    }
