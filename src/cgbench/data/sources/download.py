"""Published trajectories, downloaded into a cache that several runs share."""

import glob
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import quote, urlsplit

from pydantic import Field, model_validator

from cgbench.chem.frames import Frames
from cgbench.core.atomic_io import read_json, sha256
from cgbench.core.errors import InputError
from cgbench.core.settings import fingerprint
from cgbench.data.download.cache import FileInfo, cache_folder, matches
from cgbench.data.sources import files
from cgbench.data.sources.base import DatasetSource

Address = Annotated[str, Field(pattern=r"^https?://[^/?#\s]+/([^?#\s]*/)?$")]
# No part of a name begins with a dot, so that no name leads out of the cache.
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_+-][\w.+-]*(/[A-Za-z0-9_+-][\w.+-]*)*$")]


class DownloadSettings(files.FilesSettings):
    """Files to download, and the settings of the source ``files`` with which they are read.

    Attributes
    ----------
    urls
        Base URLs (mirrors), tried in order; each ends in ``/``.
    files
        Published size and checksums of each file, by its name at the URL.
    members
        Patterns of the members to extract, if the files are tar archives.
    topology, trajectories
        Names, and patterns of names, of files or of members of the archives.
    cache
        Folder of all downloads; by default the environment variable ``CGBENCH_CACHE``, or
        ``~/.cache/cgbench``.
    """

    urls: Annotated[tuple[Address, ...], Field(min_length=1)]
    files: Annotated[dict[FileName, FileInfo], Field(min_length=1)]
    members: tuple[str, ...] = ()
    cache: str | None = None

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        named = [self.topology, *chain(*self.expanded(lambda pattern: [pattern]))]
        for wanted in () if self.members else named:
            if not any(matches(name, wanted) for name in self.files):
                raise ValueError(f"{wanted!r} is not among `files`; correct one or the other")
        return self

    @property
    def folder(self) -> Path:
        """Folder of the files in the cache, named after their first URL."""
        address = urlsplit(self.urls[0])
        return cache_folder(self.cache) / address.netloc / address.path.strip("/")

    @property
    def manifest(self) -> Path:
        """List of the files with their checksums, which is written when all of them are complete."""
        identity = self.model_dump_json(include={"urls", "files", "members"})
        return self.folder / f"manifest-{fingerprint(identity)}.json"

    @property
    def fetched(self) -> "DownloadSettings":
        """The settings of the download alone, with placeholders for those with which it is read."""
        some = next(iter(self.files))
        download = self.model_dump(include={"urls", "files", "members", "cache"})
        return type(self).model_validate(download | {"topology": some, "trajectories": [some]})

    def verified(self, entry: dict[str, str], cure: str) -> Path:
        """Return the path of a file from its entry in the manifest.

        Raises
        ------
        InputError
            If it is missing or has changed; ``cure`` is the advice.
        """
        path = self.folder / entry["path"]
        if not path.is_file() or sha256(path) != entry["sha256"]:
            raise InputError(
                f"{path}: missing or changed since it was fetched; remove {self.manifest} and {cure}"
            )
        return path

    def addresses(self, name: str) -> list[str]:
        """URLs of a file."""
        return [base + quote(name) for base in self.urls]


class Source(DatasetSource):
    """Verify the downloaded files against their manifest, and read them as the source ``files`` does."""

    Settings = DownloadSettings
    settings: DownloadSettings

    def input_files(self) -> list[str]:
        """List the manifest alone, because the members of archives are unknown before the download."""
        return [str(self.settings.manifest)]

    def read(self) -> tuple[Frames, dict[str, Any]]:
        """Read all trajectories."""
        settings = self.settings
        paths = self._verified_paths()
        topology = self._matching(paths, settings.topology)
        trajectories = settings.expanded(lambda pattern: self._matching(paths, pattern))
        values = settings.model_dump(include=set(files.FilesSettings.model_fields)) | {
            "topology": str(paths[topology[0]]),
            "trajectories": [[glob.escape(str(paths[name])) for name in parts] for parts in trajectories],
        }
        frames, card = files.Source(files.FilesSettings(**values)).read()
        return frames, card | {
            "topology": settings.topology,
            "trajectories": [{"file": " + ".join(parts)} for parts in trajectories],
            "urls": list(settings.urls),
            "downloads": read_json(settings.manifest)["downloads"],
        }

    def _matching(self, paths: dict[str, Path], pattern: str) -> list[str]:
        names = sorted(name for name in paths if matches(name, pattern))
        if not names:
            raise InputError(
                f"{self.settings.manifest}: no downloaded file fits {pattern!r}; correct the dataset's keys "
                "`topology`, `trajectories` and `members`"
            )
        return names

    def _verified_paths(self) -> dict[str, Path]:
        manifest = self.settings.manifest
        if not manifest.exists():
            raise InputError(
                f"{manifest}: not fetched yet; run `cgbench fetch` or the rule `fetch` with the same "
                "settings and CGBENCH_CACHE"
            )
        files = read_json(manifest)["files"]
        return {name: self.settings.verified(entry, "fetch again") for name, entry in files.items()}
