"""Sharing the GPUs of one machine among jobs that know nothing of each other.

A job takes the first GPU that no other job has, and marks it by a lock on a file. The operating
system drops the lock when the process ends, however it ends: nothing is left to clean up.
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
    """Folder of this user's locks, on a disk of this machine."""
    return Path(tempfile.gettempdir(), f"cgbench-gpus-{os.getuid()}")


class Claim:
    """One of several GPUs, held for as long as this object lives or until :meth:`release` is called.

    It never waits: with more jobs than GPUs, each GPU gets its second job before any gets a third.

    Parameters
    ----------
    identifiers
        What tells the GPUs apart for every process of the machine; at least one.
    folder
        Where locks are kept; see :func:`lock_directory`.

    Attributes
    ----------
    index
        Which of ``identifiers`` was taken.
    """

    def __init__(self, identifiers: Sequence[str], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.index, self._lock = next(
            (index, lock)
            for turn in itertools.count()
            for index, identifier in enumerate(identifiers)
            if _free(lock := FileLock(folder / f"{identifier}.{turn}.lock"))
        )

    def release(self) -> None:
        """Let another job have it."""
        self._lock.release()


def _free(lock: FileLock) -> bool:
    """Take a lock, unless another process has it."""
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True
