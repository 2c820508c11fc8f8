"""What is published about a file, and whether a file agrees."""

import hashlib
from pathlib import Path
from typing import Annotated

from pydantic import Field

from cgbench.core.settings import Settings


class Facts(Settings):
    """Size and checksums by which a file is known, as far as they are published.

    Attributes
    ----------
    bytes
        Size.
    md5, sha256
        Hexadecimal digests; either is enough.
    """

    bytes: Annotated[int, Field(ge=1)] | None = None
    md5: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None

    @property
    def identify(self) -> bool:
        """Whether there is a checksum."""
        return bool(self.md5 or self.sha256)

    def complaint(self, path: Path) -> str | None:
        """Say in what a file disagrees, or ``None`` where it agrees."""
        size = path.stat().st_size
        if self.bytes is not None and size != self.bytes:
            return f"{size} bytes instead of {self.bytes}"
        for algorithm, promised in (("md5", self.md5), ("sha256", self.sha256)):
            if promised:
                with path.open("rb") as handle:
                    actual = hashlib.file_digest(handle, algorithm).hexdigest()
                if actual != promised:
                    return f"{algorithm} {actual} instead of {promised}"
        return None
