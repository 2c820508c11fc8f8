"""All files of one dataset, and the manifest that says which they are."""

from pathlib import Path

from cgbench.core.atomic_io import sha256, write_json
from cgbench.core.errors import InputError
from cgbench.data.download.archives import unpack
from cgbench.data.download.disk import writing
from cgbench.data.download.mirrors import download
from cgbench.data.download.patterns import matches
from cgbench.data.download.retries import Patience
from cgbench.data.sources.download import DownloadSettings


def fetch(settings: DownloadSettings, patience: Patience | None = None) -> Path:
    """Make the files of a dataset, and no others, stand in the cache, and write their manifest.

    What is there already is checked and kept. The manifest comes last: where it exists, the
    dataset is complete.

    Returns
    -------
    Path
        The manifest, whose place is ``settings.manifest``.

    Raises
    ------
    InputError
        If a file cannot be had, stored, unpacked or trusted; it names the file and the cure.
    """
    folder = settings.folder
    downloads: dict[str, Path] = {}
    contents: dict[str, Path] = {}
    for name, facts in settings.files.items():
        downloads[name] = folder / name
        download(settings.addresses(name), downloads[name], facts, patience or Patience())
        found = unpack(downloads[name], settings.members) if settings.members else {name: downloads[name]}
        twice = sorted(contents.keys() & found.keys())
        if twice:
            raise InputError(
                f"{downloads[name]}: {', '.join(twice)} is in another archive of the dataset too; make two "
                "datasets of them, or tell the members apart in the key `members`"
            )
        contents |= found
    for pattern in settings.members or ():
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
    with writing(settings.manifest):
        write_json(settings.manifest, manifest)
    return settings.manifest
