"""Faults of the disk, said so that the user can cure them."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cgbench.core.errors import InputError

CURE = "make room there, or choose another directory by CGBENCH_CACHE or the dataset's key `cache`"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn errors of the file system, such as a full disk, into an ``InputError`` that names ``path``."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}); {CURE}") from None


def require_space(folder: Path, n_bytes: int) -> None:
    """Refuse to begin what the disk cannot hold.

    Raises
    ------
    InputError
        If fewer bytes are free.
    """
    free = shutil.disk_usage(folder).free
    if n_bytes > free:
        raise InputError(f"{folder}: {n_bytes} bytes are needed and {free} are free; {CURE}")


def cache_folder(chosen: str | None = None) -> Path:
    """Folder of all downloads: as chosen, or by ``CGBENCH_CACHE``, or else ``~/.cache/cgbench``."""
    return Path(chosen or os.environ.get("CGBENCH_CACHE") or "~/.cache/cgbench").expanduser()
