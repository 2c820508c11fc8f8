"""Sharing the GPUs of one machine among independent jobs.

A job takes the first GPU that no other job uses, and holds a file lock for it, which the operating system
releases when the process ends or is killed.
"""

import itertools
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock, Timeout


def may_have_gpu() -> bool:
    """Look for the device files of GPUs, which takes no seconds to import torch; True where unknown."""
    names = ("nvidia[0-9]*", "dxg", "kfd")
    return sys.platform != "linux" or any(any(Path("/dev").glob(name)) for name in names)


def lock_directory() -> Path:
    """Folder of the GPU locks of this user on this machine."""
    return Path(tempfile.gettempdir(), f"cgbench-gpus-{os.getuid()}")


class Claim:
    """One of several GPUs, held while this object exists or until :meth:`release`.

    A claim never waits: with more jobs than GPUs, each GPU gets a second job before any gets a third.

    Parameters
    ----------
    identifiers
        Identifiers of the GPUs, the same in all processes of the machine; at least one.
    folder
        Folder of the locks; see :func:`lock_directory`.

    Attributes
    ----------
    index
        Index of the claimed GPU in ``identifiers``.
    """

    def __init__(self, identifiers: Sequence[str], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.index, self._lock = next(
            (index, lock)
            for round_ in itertools.count()
            for index, identifier in enumerate(identifiers)
            if _acquired(lock := FileLock(folder / f"{identifier}.{round_}.lock"))
        )

    def release(self) -> None:
        """Release the GPU for other jobs."""
        self._lock.release()


def _acquired(lock: FileLock) -> bool:
    """Try to acquire a lock without waiting."""
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True
