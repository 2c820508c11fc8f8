"""Atomic writing of files and folders, JSON files and checksums."""

import errno
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cgbench.core.errors import InputError

if TYPE_CHECKING:
    from pandas import DataFrame  # import takes a second, and most jobs write no table

# A full disk, an exceeded quota, and a limit on the size of files by the shell or the batch system.
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NOT_WRITABLE = (PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError, FileNotFoundError)


@contextmanager
def atomic_output(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that is renamed to it only on success.

    The temporary name keeps the suffix of ``path``, from which libraries infer the format.
    On failure nothing is left behind and an older file at ``path`` is unchanged.

    Raises
    ------
    InputError
        If the disk is full or ``path`` is not writable.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
    try:
        with require_writable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.touch(exist_ok=False)
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        with require_writable(path):
            temporary.replace(path)
    except (OSError, RuntimeError) as error:
        _refuse_full_disk(path, error, temporary)
        raise
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def atomic_folder(path: Path | str) -> Iterator[Path]:
    """Yield an empty folder beside ``path`` that replaces it only on success.

    On failure an older folder is unchanged. If an earlier process was killed while it replaced the
    folder, the older one is restored first.

    Raises
    ------
    InputError
        If ``path`` is a file or not writable, or the disk is full.
    """
    path = Path(path).resolve()
    if path.is_file():
        raise InputError(f"{path}: is a file; give a folder")
    unfinished, old = (path.with_name(f".{path.name}-{state}") for state in ("unfinished", "before"))
    _restore(old, path)
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        with require_writable(path):
            unfinished.mkdir(parents=True)
        yield unfinished
        if path.exists():
            path.rename(old)
        unfinished.rename(path)
    except OSError as error:
        _refuse_full_disk(path, error)
        raise
    finally:
        _restore(old, path)
        shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def require_writable(path: Path) -> Iterator[None]:
    """Explain errors of the file system that mean that ``path`` is not writable.

    Raises
    ------
    InputError
        If writing is not permitted, or ``path`` cannot exist.
    """
    try:
        yield
    except OSError as error:
        if not isinstance(error, _NOT_WRITABLE) and error.errno != errno.EROFS:
            raise
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); give a path where you may write, and that is not "
            "a folder"
        ) from error


def _restore(old: Path, path: Path) -> None:
    """Move the old folder back unless a new one has replaced it."""
    if old.exists() and not path.exists():
        old.rename(path)
    shutil.rmtree(old, ignore_errors=True)


def _refuse_full_disk(path: Path, error: Exception, unfinished: Path | None = None) -> None:
    """Raise an ``InputError`` if a full disk is the reason of ``error``."""
    if unfinished and getattr(error, "errno", None) is None:
        # Errors from C++ libraries do not tell the reason; an attempt to write more does.
        try:
            with unfinished.open("ab") as handle:
                handle.write(bytes(1 << 16))
        except OSError as refusal:
            error = refusal
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        raise InputError(
            f"{path}: not written, the disk is full ({error.strerror}); free some space in {path.parent} and "
            "run the same command again. Files that were complete are unchanged"
        ) from error


def write_json(path: Path | str, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically."""
    with atomic_output(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def write_csv(path: Path | str, table: "DataFrame", float_format: str | None = None) -> None:
    """Write a table as CSV without its index, atomically."""
    with atomic_output(path) as temporary:
        table.to_csv(temporary, index=False, float_format=float_format)


def read_json(path: Path | str, cure: str = "remove it and run again") -> Any:
    """Read JSON; ``cure`` is the advice for a damaged file.

    Raises
    ------
    InputError
        If the file is missing or is not JSON.
    """
    path = Path(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the path") from None
    except (ValueError, RecursionError, OSError) as error:
        raise InputError(f"{path}: not valid JSON ({error}); {cure}") from None


def sha256(path: Path | str) -> str:
    """Hexadecimal SHA-256 of a file."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
