"""Published trajectories, fetched over HTTP into a cache that several runs share."""

import glob
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
# No part begins with a dot, so that no name leads out of the cache.
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_+-][\w.+-]*(/[A-Za-z0-9_+-][\w.+-]*)*$")]


class DownloadSettings(files.FilesSettings):
    """Where files come from and how they are known; the rest is as for trajectories of one's own.

    Attributes
    ----------
    urls
        Base addresses, tried in order; each ends in ``/``.
    files
        What is published about each file, by its name at the address.
    members
        Patterns of what is taken out of the files, which are tar archives then.
    topology, trajectories
        Names, and patterns of names, among the files or the members of the archives.
    cache
        Folder of all downloads; by default that of the environment variable ``CGBENCH_CACHE``, or
        else ``~/.cache/cgbench``.
    """

    urls: Annotated[tuple[Address, ...], Field(min_length=1)]
    files: Annotated[dict[FileName, FileInfo], Field(min_length=1)]
    members: tuple[str, ...] = ()
    cache: str | None = None

    @model_validator(mode="after")
    def _reads_what_it_fetches(self) -> Self:
        for wanted in () if self.members else (self.topology, *self.trajectories):
            if not any(matches(name, wanted) for name in self.files):
                raise ValueError(f"{wanted!r} is not among `files`; correct one or the other")
        return self

    @property
    def folder(self) -> Path:
        """Place of the files in the cache: that of their first address."""
        address = urlsplit(self.urls[0])
        return cache_folder(self.cache) / address.netloc / address.path.strip("/")

    @property
    def manifest(self) -> Path:
        """List of the files and their checksums, which exists only if all of them do."""
        what = self.model_dump_json(include={"urls", "files", "members"})
        return self.folder / f"manifest-{fingerprint(what)}.json"

    @property
    def fetched(self) -> "DownloadSettings":
        """What is fetched alone, whatever is read of it and however it is called."""
        some = next(iter(self.files))
        what = self.model_dump(include={"urls", "files", "members", "cache"})
        return type(self).model_validate(what | {"topology": some, "trajectories": [some]})

    def addresses(self, name: str) -> list[str]:
        """Where a file is to be had."""
        return [base + quote(name) for base in self.urls]


class Source(DatasetSource):
    """Check what was fetched against its manifest and read it as trajectories of one's own."""

    Settings = DownloadSettings
    settings: DownloadSettings

    def input_files(self) -> list[str]:
        """List the manifest alone: before the download no one knows what an archive holds."""
        return [str(self.settings.manifest)]

    def read(self) -> tuple[Frames, dict[str, Any]]:
        """Read all trajectories."""
        chosen = self.settings
        paths = self._verified_paths()
        topology = self._named(paths, chosen.topology)
        trajectories = [name for pattern in chosen.trajectories for name in self._named(paths, pattern)]
        values = chosen.model_dump(include=set(files.FilesSettings.model_fields)) | {
            "topology": str(paths[topology[0]]),
            "trajectories": [glob.escape(str(paths[name])) for name in trajectories],
        }
        frames, card = files.Source(files.FilesSettings(**values)).read()
        return frames, card | {
            "topology": chosen.topology,
            "trajectories": [{"file": name} for name in trajectories],
            "urls": list(chosen.urls),
            "downloads": read_json(chosen.manifest)["downloads"],
        }

    def _named(self, paths: dict[str, Path], pattern: str) -> list[str]:
        names = sorted(name for name in paths if matches(name, pattern))
        if not names:
            raise InputError(
                f"{self.settings.manifest}: nothing that was fetched fits {pattern!r}; correct the "
                "dataset's keys `topology`, `trajectories` and `members`"
            )
        return names

    def _verified_paths(self) -> dict[str, Path]:
        manifest = self.settings.manifest
        if not manifest.exists():
            raise InputError(
                f"{manifest}: not fetched yet; run `cgbench fetch` or the rule `fetch` with the same "
                "settings and CGBENCH_CACHE"
            )
        paths = {}
        for name, facts in read_json(manifest)["files"].items():
            paths[name] = self.settings.folder / facts["path"]
            if not paths[name].is_file() or sha256(paths[name]) != facts["sha256"]:
                raise InputError(
                    f"{paths[name]}: missing or changed since it was fetched; remove {manifest.name} "
                    "beside it and fetch again"
                )
        return paths
