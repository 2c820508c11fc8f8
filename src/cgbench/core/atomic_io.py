"""Writing without half-written results, and checking what is read."""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cgbench.core.errors import InputError

# A full disk, a used up quota, and a limit of the shell or the batch system.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# A place where nothing may be written, or that cannot be.
_NO_PLACE = (PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError, FileNotFoundError)


@contextmanager
def atomic_output(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that is renamed to it only on success.

    The temporary name keeps the suffix of ``path``, because libraries choose the format by it.
    On failure nothing is left behind and an older file at ``path`` is untouched.

    Raises
    ------
    InputError
        If the disk is full, or nothing may be written there.
    """
    path = Path(path)
    temporary = None
    try:
        with allowed(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        with allowed(path):
            temporary.replace(path)
    except (OSError, RuntimeError) as error:
        _say_if_full(path, error, temporary)
        raise
    finally:
        if temporary:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path | str) -> Iterator[Path]:
    """Yield an empty folder beside ``path`` that takes its place only on success, whole.

    On failure an older folder is untouched; one that a killed process was replacing is put back first.

    Raises
    ------
    InputError
        If ``path`` is a file, the disk is full, or nothing may be written there.
    """
    path = Path(path).resolve()
    if path.is_file():
        raise InputError(f"{path}: is a file; give a folder")
    unfinished, before = (path.with_name(f".{path.name}-{what}") for what in ("unfinished", "before"))
    _put_back(before, path)
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        with allowed(path):
            unfinished.mkdir(parents=True)
        yield unfinished
        if path.exists():
            path.rename(before)
        unfinished.rename(path)
    except OSError as error:
        _say_if_full(path, error, None)
        raise
    finally:
        _put_back(before, path)
        shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def allowed(path: Path) -> Iterator[None]:
    """Say what cannot be written and what to do, where the system does not allow it.

    Raises
    ------
    InputError
        If the place is not allowed, or cannot be.
    """
    try:
        yield
    except OSError as error:
        if not isinstance(error, _NO_PLACE) and error.errno != errno.EROFS:
            raise
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); give a place that you may write to, with no "
            "folder of that name"
        ) from error


def _put_back(before: Path, path: Path) -> None:
    """Give a folder its place again if nothing has taken it, and remove it otherwise."""
    if before.exists() and not path.exists():
        before.rename(path)
    shutil.rmtree(before, ignore_errors=True)


def _say_if_full(path: Path, error: Exception, unfinished: Path | None) -> None:
    reason = _no_room(error, unfinished)
    if reason is not None:
        raise InputError(
            f"{path}: not written, the disk is full ({reason}); make room in {path.parent} and give the same "
            "command again. What was complete before is kept"
        ) from error


def _no_room(error: Exception, unfinished: Path | None) -> str | None:
    """Say why there is no room, if that is what stopped the writing."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.strerror if error.errno in _NO_ROOM else None
    if unfinished:
        # Libraries in C++ have words of their own for it; the disk itself is asked for a little more.
        try:
            with unfinished.open("ab") as handle:
                handle.write(bytes(1 << 16))
        except OSError as refusal:
            return _no_room(refusal, None)
    return None


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def write_json(path: Path | str, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically."""
    with atomic_output(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, sort_keys=False) + "\n")


def read_json(path: Path | str, cure: str = "remove it and run again") -> Any:
    """Read JSON; ``cure`` is what to do about a damaged file.

    Raises
    ------
    InputError
        If the file is missing or is not JSON.
    """
    path = Path(path)
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the path") from None
    except (ValueError, RecursionError, OSError) as error:
        raise InputError(f"{path}: not valid JSON ({error}); {cure}") from None


def sha256(path: Path | str) -> str:
    """Hexadecimal SHA-256 of a file's content."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
