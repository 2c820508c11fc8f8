"""One process at a time where results are made."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from cgbench.core.atomic_io import allowed
from cgbench.core.errors import InputError


@contextmanager
def sole_writer(path: Path, wait: bool = False) -> Iterator[None]:
    """Keep other processes from working on ``path``; the lock goes with a process that is killed.

    Parameters
    ----------
    path
        File or directory that is made; the lock lies beside it as ``<path>.lock``.
    wait
        Whether to wait for another process to end instead of refusing.

    Raises
    ------
    InputError
        If another process works on it and ``wait`` is not given, or nothing may be written there.
    """
    lock = FileLock(f"{path}.lock")
    try:
        with allowed(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(blocking=False)
    except Timeout:
        busy = f"{path}: another process is working on it (it holds {lock.lock_file})"
        if not wait:
            raise InputError(
                f"{busy}; wait for it to end, or stop it, and give the command again, or give another "
                "output. A process that was killed holds no lock"
            ) from None
        print(f"{busy}; waiting for it to end", file=sys.stderr, flush=True)
        lock.acquire()
    try:
        yield
    finally:
        # While it is held, so that nobody who has it open takes it for a lock on this path.
        Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()
