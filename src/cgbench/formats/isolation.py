"""Reading of a file in a separate process, and errors that name it.

mdtraj's compiled readers can crash on a damaged header.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

from cgbench.core.errors import InputError
from cgbench.core.subprocess_guard import MORE_MEMORY, CrashError, isolated

# Limit of processor time, far above that of the slowest format.
CPU_SECONDS, CPU_SECONDS_PER_MB = 60, 20

P = ParamSpec("P")
T = TypeVar("T")


def read_isolated(path: Path | str, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Read a file in a separate process; an InputError names it if the process crashes or exceeds limits."""
    megabytes = Path(path).stat().st_size // 10**6 if Path(path).is_file() else 0
    try:
        return isolated(CPU_SECONDS + CPU_SECONDS_PER_MB * megabytes, read, *args, **kwargs)
    except CrashError as error:
        raise InputError(f"{path}: cannot be read: {error}; {error.cure}") from None
    except MemoryError as error:
        raise InputError(f"{path}: cannot be read: {error}; {MORE_MEMORY}") from None


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name the file in InputErrors."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def reason_for_users(error: Exception, file: Path, path: Path) -> str:
    """Message of an error of mdtraj, with the name that the user knows."""
    return " ".join((str(error) or type(error).__name__).replace(str(file), str(path)).split())
