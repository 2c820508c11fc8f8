"""Extraction of selected members of tar archives."""

import gzip
import lzma
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from cgbench.core.atomic_io import atomic_folder, read_json, sha256, write_json
from cgbench.core.errors import InputError
from cgbench.core.file_lock import sole_writer
from cgbench.core.settings import fingerprint
from cgbench.data.download.cache import matches, require_space

RECORD = "members.json"
_UNREADABLE = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)


def unpack(archive: Path, patterns: Sequence[str]) -> dict[str, Path]:
    """Extract the members that fit one of the patterns, unless intact copies of them are there already.

    They are extracted into a folder beside the archive, which is complete or not there at all.

    Returns
    -------
    dict
        Path of each member by its name in the archive.

    Raises
    ------
    InputError
        If the archive is unreadable, or if any of its members has a path or a link that leads out of the
        folder or is a device.
    """
    folder = archive.with_name(f"{archive.name}.{fingerprint(sha256(archive), *patterns)}")
    with sole_writer(archive, wait=True):
        if not _is_intact(folder):
            with atomic_folder(folder) as unfinished:
                names = _extract(archive, patterns, unfinished / "files")
                write_json(unfinished / RECORD, {name: sha256(unfinished / "files" / name) for name in names})
        return {name: folder / "files" / name for name in read_json(folder / RECORD)}


def _is_intact(folder: Path) -> bool:
    if not (folder / RECORD).exists():
        return False
    paths = {folder / "files" / name: digest for name, digest in read_json(folder / RECORD).items()}
    return all(path.is_file() and sha256(path) == digest for path, digest in paths.items())


def _extract(archive: Path, patterns: Sequence[str], into: Path) -> list[str]:
    """Extract members and return their names."""
    into.mkdir()
    names: set[str] = set()
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                _refuse_unsafe(archive, member, into)
                name = str(PurePosixPath(member.name))
                if member.isdir() or not any(matches(name, pattern) for pattern in patterns):
                    continue
                if not member.isreg():
                    raise InputError(f"{archive}: {name} is a link; give its target in the key `members`")
                require_space(into, member.size)
                tar.extract(member, into, filter="data")
                names.add(name)
    except _UNREADABLE as error:
        raise InputError(
            f"{archive}: not a readable tar archive ({error}); if no checksum of it is published, remove it "
            "and its .sha256 file, and fetch it again"
        ) from None
    return sorted(names)


def _refuse_unsafe(archive: Path, member: tarfile.TarInfo, into: Path) -> None:
    """Refuse the archive if a member could write outside the folder."""
    try:
        tarfile.data_filter(member, str(into))
        if member.name.startswith("/"):
            raise tarfile.AbsolutePathError(member)
    except tarfile.FilterError as error:
        raise InputError(f"{archive}: refused, nothing was extracted: {error}; use another archive") from None
