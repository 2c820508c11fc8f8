"""Checkpoints of a training: two generations, so that a damaged file costs an epoch and no more."""

import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch

from cgbench.core.atomic_io import atomic_output
from cgbench.core.errors import InputError


class Checkpoints:
    """The newest checkpoint of one training, ``checkpoint.pt``, and the one before it.

    Parameters
    ----------
    folder
        Where they lie.
    fingerprint
        Of all that makes up the training; no other one may take them up.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        self.newest = folder / "checkpoint.pt"
        self.previous = folder / "checkpoint.pt.previous"

    def save(self, content: dict[str, Any]) -> None:
        """Write a new checkpoint; the newest so far becomes the one before it.

        Raises
        ------
        InputError
            If the disk is full; the checkpoints that are there stay.
        """
        with atomic_output(self.newest) as temporary:
            torch.save(content | {"fingerprint": self.fingerprint}, temporary)
            if self.newest.exists():
                self.newest.replace(self.previous)

    def load(self) -> dict[str, Any] | None:
        """Read the newest checkpoint that is whole, or nothing where there is none.

        A damaged file is removed with a warning: an earlier checkpoint, or a fresh start, only
        takes longer to come to the same result.

        Raises
        ------
        InputError
            If the checkpoint belongs to another configuration.
        """
        for path in (self.newest, self.previous):
            if not path.exists():
                continue
            try:
                return self._read(path)
            except _DamageError as damage:
                path.unlink()
                warnings.warn(
                    f"{path}: damaged checkpoint ({damage}), removed; training goes on from the one before "
                    "it, or from the start if there is none, and comes to the same result",
                    stacklevel=2,
                )
        return None

    def _read(self, path: Path) -> dict[str, Any]:
        stored = io.BytesIO(path.read_bytes())
        try:
            # torch compares no checksums: a flipped bit would come back as another weight.
            if broken := zipfile.ZipFile(stored).testzip():
                raise zipfile.BadZipFile(broken)
            stored.seek(0)
            content: dict[str, Any] = torch.load(stored, weights_only=True, map_location="cpu")
        except Exception as error:  # of a dozen types, by the place of the damage
            raise _DamageError(type(error).__name__) from None
        if content.get("fingerprint") != self.fingerprint:
            raise InputError(
                f"{path}: checkpoint of another configuration "
                f"({content.get('fingerprint')}, this run is {self.fingerprint}); delete it to start afresh"
            )
        return content


class _DamageError(Exception):
    """Says what is wrong with a checkpoint."""
