"""Download of all files of a dataset, and their manifest."""

from pathlib import Path

from cgbench.core.atomic_io import sha256, write_json
from cgbench.core.errors import InputError
from cgbench.data.download.archives import unpack
from cgbench.data.download.cache import matches
from cgbench.data.download.mirrors import download
from cgbench.data.download.transfer import RetryPolicy
from cgbench.data.sources.download import DownloadSettings

DEFAULT_POLICY = RetryPolicy()


def fetch(settings: DownloadSettings, policy: RetryPolicy = DEFAULT_POLICY) -> Path:
    """Download the files of a dataset into the cache, and write their manifest.

    Files that are in the cache already are verified and kept. The manifest is written last: if it
    exists, the dataset is complete.

    Returns
    -------
    Path
        The manifest, ``settings.manifest``.

    Raises
    ------
    InputError
        If a file cannot be downloaded, written, extracted or verified.
    """
    folder = settings.folder
    downloads: dict[str, Path] = {}
    contents: dict[str, Path] = {}
    for name, info in settings.files.items():
        path = downloads[name] = folder / name
        download(settings.addresses(name), path, info, policy)
        found = unpack(path, settings.members) if settings.members else {name: path}
        repeated = sorted(contents.keys() & found.keys())
        if repeated:
            raise InputError(
                f"{path}: {', '.join(repeated)} is in another archive of the dataset too; define two "
                "datasets, or give patterns in the key `members` that fit only one of them"
            )
        contents |= found
    for pattern in settings.members:
        if not any(matches(name, pattern) for name in contents):
            raise InputError(
                f"{', '.join(map(str, downloads.values()))}: no member fits {pattern!r}; correct the "
                "dataset's key `members`"
            )
    manifest = {
        "downloads": {name: {"sha256": sha256(path)} for name, path in downloads.items()},
        "files": {
            name: {"path": str(path.relative_to(folder)), "sha256": sha256(path)}
            for name, path in contents.items()
        },
    }
    write_json(settings.manifest, manifest)
    return settings.manifest
