"""Folds of a task in a file: the frames themselves, so that no change of the rule for splits moves them."""

from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, model_validator

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import IntArray
from cgbench.config.schema import Protocol
from cgbench.core.atomic_io import read_json, write_json
from cgbench.core.errors import InputError
from cgbench.core.settings import Settings, parse_settings
from cgbench.data.splits import PARTS, Split, make_split

Steps = Annotated[str, Field(pattern=r"^\d{1,9}( \d{1,9})*$")]


class StoredFold(Settings):
    """Frames of one fold.

    Attributes
    ----------
    train, valid, test
        The first frame, and the steps from each to the next, which are shorter to write than the frames.
    """

    train: Steps
    valid: Steps
    test: Steps

    def frames(self, part: str) -> IntArray:
        """Frames of ``train``, ``valid`` or ``test``, sorted."""
        return np.cumsum(np.array(getattr(self, part).split(), dtype=np.int64))


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
        Frames of each fold.
    """

    version: int
    frames_sha256: str
    settings: dict[str, Any]
    folds: tuple[StoredFold, ...]

    @model_validator(mode="after")
    def _as_many_folds_as_the_protocol_has(self) -> Self:
        if len(self.folds) != self.settings.get("folds"):
            raise ValueError(f"{len(self.folds)} folds, but settings.folds is {self.settings.get('folds')}")
        return self

    @classmethod
    def make(cls, frames: Frames, protocol: Protocol, seed: int, version: int) -> Self:
        """Split frames into folds."""
        splits = [make_split(frames, protocol, fold, seed) for fold in range(protocol.folds)]
        return cls(
            version=version,
            frames_sha256=frames.checksum,
            settings=splits[0].settings,
            folds=tuple(
                StoredFold(**{part: _steps(getattr(split, part)) for part in PARTS}) for split in splits
            ),
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

    def include(self, split: Split, path: Path | str) -> bool:
        """Whether a split is one of these folds; False if it follows other settings.

        Raises
        ------
        InputError
            If it follows the same settings and has other frames; ``path`` is the file of these folds.
        """
        if split.settings != self.settings or split.fold not in range(len(self.folds)):
            return False
        for part in PARTS:
            if not np.array_equal(self.folds[split.fold].frames(part), getattr(split, part)):
                raise InputError(
                    f"{path}: {part} of fold {split.fold} has other frames than `cgbench split` chose, so "
                    "that scores would not be comparable; restore the file, or use the version that wrote it"
                )
        return True


def _steps(frames: IntArray) -> str:
    return " ".join(map(str, np.diff(frames, prepend=0)))
