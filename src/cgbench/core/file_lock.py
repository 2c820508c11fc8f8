"""Locks that let one process at a time write an output."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from cgbench.core.atomic_io import require_writable
from cgbench.core.errors import InputError


@contextmanager
def sole_writer(path: Path, wait: bool = False) -> Iterator[None]:
    """Hold a lock on ``path`` against other processes; the system releases it if this one is killed.

    Parameters
    ----------
    path
        Output file or directory; the lock is ``<path>.lock``.
    wait
        Whether to wait until another process has released the lock, instead of refusing.

    Raises
    ------
    InputError
        If another process holds the lock and ``wait`` is false, or ``path`` is not writable.
    """
    lock = FileLock(f"{path}.lock")
    try:
        with require_writable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(blocking=False)
    except Timeout:
        busy = f"{path}: another process is working on it (it holds {lock.lock_file})"
        if not wait:
            raise InputError(
                f"{busy}; wait for it to end or stop it, and run the command again, or give another output. "
                "A killed process holds no lock"
            ) from None
        print(f"{busy}; waiting for it to end", file=sys.stderr, flush=True)
        lock.acquire()
    try:
        yield
    finally:
        # Before the release, so that no process that has opened the file takes it for the current lock.
        Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()
