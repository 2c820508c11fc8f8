"""Hash of the content of files, for which large files are read again only after a change of size or times."""

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from cgbench.core.atomic_io import sha256, write_json
from cgbench.core.errors import InputError

SMALL = 2**20  # bytes; reading so little takes no longer than looking it up


def content_hash(files: Iterable[Path | str], cache: Path | str) -> str:
    """Hash the names and the content of files, in their order.

    Parameters
    ----------
    files
        A file that does not exist counts as such, because whoever needs it will say so.
    cache
        JSON file with the SHA-256 of large files, and with the size and the times of modification and of
        change of the inode for which they hold. The last one cannot be set, so that a file that was
        replaced by an older one of the same size is noticed. A cache that is missing, damaged or not
        writable only costs time.
    """
    known = _read(cache)
    current = dict(known)
    parts = []
    for path in map(Path, files):
        parts += [str(path), _sha256(path, current)]
    if current != known:
        with suppress(InputError, OSError):
            write_json(cache, current)
    return hashlib.sha256("\x1f".join(parts).encode(errors="surrogateescape")).hexdigest()[:16]


def _sha256(path: Path, known: dict[str, Any]) -> str:
    try:
        state = _state(path)
        if state[0] <= SMALL:
            return sha256(path)
        key = str(path.absolute())
        match known.get(key):
            case [*stored, str(digest)] if stored == state:
                return digest
        digest = sha256(path)
        # A file that is being written has no content yet that could be remembered.
        if _state(path) == state:
            known[key] = [*state, digest]
        return digest
    except OSError as error:
        return f"not readable: {error.strerror}"


def _state(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _read(cache: Path | str) -> dict[str, Any]:
    try:
        content = json.loads(Path(cache).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
