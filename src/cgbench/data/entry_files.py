"""Files of an entry: on this machine, or in an archive that is downloaded."""

import re
from pathlib import Path

from cgbench.config.entry import PLACES, Entry, filled
from cgbench.core.atomic_io import read_json
from cgbench.core.errors import InputError
from cgbench.data.download.cache import FileInfo
from cgbench.data.sources.download import DownloadSettings


def download_of(entry: Entry) -> DownloadSettings | None:
    """Return what has to be downloaded for an entry; None if its files are here.

    Raises
    ------
    InputError
        If the path of the predictions is not relative to the archive.
    """
    if entry.url is None:
        return None
    base, _, name = entry.url.rpartition("/")
    members = [
        re.sub("|".join(f"{{{place}}}" for place in PLACES), "*", path)
        for path in (entry.path, entry.topology)
        if path is not None
    ]
    return DownloadSettings(
        urls=(f"{base}/",),
        files={name: FileInfo(sha256=entry.sha256)},
        members=tuple(dict.fromkeys(members)),
        topology=members[0],
        trajectories=(members[0],),
    )


def entry_file(entry: Entry, path: str, **places: object) -> Path:
    """Path of one file of an entry, ``path`` or ``topology``, with names and numbers in its places.

    Raises
    ------
    InputError
        If the archive has not been downloaded, has no such file, or the file has changed since.
    """
    wanted, download = filled(path, **places), download_of(entry)
    if download is None:
        return Path(wanted)
    files = read_json(download.manifest, "remove it and fetch the entry again")["files"]
    if wanted not in files:
        raise InputError(
            f"{entry.url}: the archive has no {wanted}; correct the path of the entry; it has: "
            f"{', '.join(sorted(files)[:8])}"
        )
    return download.verified(files[wanted], "fetch the entry again")
