"""Members of a tar archive that comes from elsewhere, unpacked without trusting it."""

import gzip
import lzma
import shutil
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from filelock import FileLock

from cgbench.core.atomic_io import read_json, sha256, write_json
from cgbench.core.errors import InputError
from cgbench.core.settings import fingerprint
from cgbench.data.download.disk import require_space, writing
from cgbench.data.download.patterns import matches

RECORD = "members.json"
_UNREADABLE = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)


def unpack(archive: Path, patterns: Sequence[str]) -> dict[str, Path]:
    """Unpack the members that fit one of the patterns, unless they are there already.

    They come into a folder of their own beside the archive, which appears whole or not at all.

    Returns
    -------
    dict
        Path by name in the archive.

    Raises
    ------
    InputError
        If it is no readable tar archive, or any member would leave the folder, links out of it, or is
        a device.
    """
    folder = archive.with_name(f"{archive.name}.{fingerprint(sha256(archive), *patterns)}")
    with FileLock(f"{archive}.lock"):
        if not _intact(folder):
            _unpack_whole(archive, patterns, folder)
        return {name: folder / "files" / name for name in read_json(folder / RECORD)}


def _unpack_whole(archive: Path, patterns: Sequence[str], folder: Path) -> None:
    making = folder.with_name(f"{folder.name}.part")
    try:
        with writing(folder):
            for leftover in (making, folder):
                shutil.rmtree(leftover, ignore_errors=True)
            (making / "files").mkdir(parents=True)
            names = _extract(archive, patterns, making / "files")
            write_json(making / RECORD, {name: sha256(making / "files" / name) for name in names})
            making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _intact(folder: Path) -> bool:
    if not (folder / RECORD).exists():
        return False
    paths = {folder / "files" / name: digest for name, digest in read_json(folder / RECORD).items()}
    return all(path.is_file() and sha256(path) == digest for path, digest in paths.items())


def _extract(archive: Path, patterns: Sequence[str], into: Path) -> list[str]:
    names: set[str] = set()
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                _distrust(archive, member, into)
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
            f"{archive}: not a readable tar archive ({error}); if it was fetched without a published "
            "checksum, remove it with its .sha256 and fetch it again"
        ) from None
    return sorted(names)


def _distrust(archive: Path, member: tarfile.TarInfo, into: Path) -> None:
    """Refuse the whole archive for a single member that honest data have no use for."""
    try:
        tarfile.data_filter(member, str(into))
        if member.name.startswith("/"):
            raise tarfile.AbsolutePathError(member)
    except tarfile.FilterError as error:
        raise InputError(f"{archive}: refused, nothing was unpacked: {error}") from None
