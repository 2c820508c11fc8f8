"""Folds of a task in a file: the frames themselves, so that no change of the rule for splits moves them."""

from pathlib import Path
from typing import Any, Self

import numpy as np

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import IntArray
from cgbench.config.schema import Protocol
from cgbench.core.atomic_io import read_json, write_json
from cgbench.core.errors import InputError
from cgbench.core.settings import Settings, parse_settings
from cgbench.data.splits import PARTS, Split, make_split


class StoredFolds(Settings):
    """Frames of every part of every fold of a dataset.

    Attributes
    ----------
    version
        Version of the tasks that have these folds.
    frames_sha256
        Checksum of the frames of the dataset.
    settings
        Section ``protocol`` of the configuration that the folds follow, without the number of samples.
    folds
        For each fold, the frames of ``train``, ``valid`` and ``test``: the first one, and the steps from each
        to the next, which are shorter to write than the frames.
    """

    version: int
    frames_sha256: str
    settings: dict[str, Any]
    folds: tuple[dict[str, str], ...]

    @classmethod
    def make(cls, frames: Frames, protocol: Protocol, seed: int, version: int) -> Self:
        """Split frames into folds."""
        splits = [make_split(frames, protocol, fold, seed) for fold in range(protocol.folds)]
        return cls(
            version=version,
            frames_sha256=frames.checksum,
            settings=splits[0].settings,
            folds=tuple({part: _steps(getattr(split, part)) for part in PARTS} for split in splits),
        )

    def save(self, path: Path | str) -> None:
        """Write as JSON, atomically."""
        write_json(path, self.model_dump(mode="json"))

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read what :meth:`save` wrote.

        Raises
        ------
        InputError
            If the file is missing or damaged.
        """
        return parse_settings(cls, read_json(path, "restore it (git checkout)"), str(path))

    def indices(self, fold: int) -> dict[str, IntArray]:
        """Frames of each part of a fold, sorted."""
        return {
            part: np.cumsum(np.array(steps.split(), dtype=np.int64))
            for part, steps in self.folds[fold].items()
        }

    def include(self, split: Split, path: Path | str) -> bool:
        """Whether a split is one of these folds; False if it follows other settings.

        Raises
        ------
        InputError
            If it follows the same settings and has other frames; ``path`` is the file of these folds.
        """
        if split.settings != self.settings:
            return False
        stored = self.indices(split.fold)
        for part in PARTS:
            if not np.array_equal(stored[part], getattr(split, part)):
                raise InputError(
                    f"{path}: {part} of fold {split.fold} has other frames than `cgbench split` chose, so "
                    "that scores would not be comparable; restore the file, or use the version that wrote it"
                )
        return True


def _steps(frames: IntArray) -> str:
    return " ".join(map(str, np.diff(frames, prepend=0)))
