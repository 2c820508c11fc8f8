"""Files of the download cache: where they are, and how they are verified."""

import hashlib
import os
import shutil
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import Field

from cgbench.core.errors import InputError
from cgbench.core.settings import Settings, expand_path

CURE = "free some space, or choose another folder with CGBENCH_CACHE or the dataset's key `cache`"


class FileInfo(Settings):
    """Published size and checksums of a file.

    Attributes
    ----------
    md5, sha256
        Hexadecimal checksums; one of them is enough.
    """

    bytes: Annotated[int, Field(ge=1)] | None = None
    md5: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None

    @property
    def has_checksum(self) -> bool:
        """Whether a checksum is published."""
        return bool(self.md5 or self.sha256)

    def mismatch(self, path: Path) -> str | None:
        """Describe how a file differs from what is published; None if it agrees."""
        size = path.stat().st_size
        if self.bytes is not None and size != self.bytes:
            return f"{size} bytes instead of {self.bytes}"
        for algorithm, expected in (("md5", self.md5), ("sha256", self.sha256)):
            if expected:
                with path.open("rb") as handle:
                    actual = hashlib.file_digest(handle, algorithm).hexdigest()
                if actual != expected:
                    return f"{algorithm} {actual} instead of {expected}"
        return None


def cache_folder(chosen: str | None = None) -> Path:
    """Folder of all downloads: ``chosen``, else ``CGBENCH_CACHE``, else ``~/.cache/cgbench``."""
    return Path(expand_path(chosen or os.environ.get("CGBENCH_CACHE") or "~/.cache/cgbench"))


def require_space(folder: Path, n_bytes: int) -> None:
    """Check the free space of a disk before writing to it.

    Raises
    ------
    InputError
        If fewer than ``n_bytes`` are free.
    """
    free = shutil.disk_usage(folder).free
    if n_bytes > free:
        raise InputError(f"{folder}: {n_bytes} bytes are needed and {free} are free; {CURE}")


def matches(name: str, pattern: str) -> bool:
    """Whether a name fits a pattern, in which ``*`` and ``?`` do not stand for ``/``."""
    parts, patterns = PurePosixPath(name).parts, PurePosixPath(pattern).parts
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))
