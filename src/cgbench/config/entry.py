"""Entries: predictions of other people's methods, in files, beside the methods of a run."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from cgbench.core.settings import InputPath, Settings

PLACES = ("dataset", "mapping", "n_beads", "fold")


def _known_places(path: str) -> str:
    rest = re.sub("|".join(f"{{{place}}}" for place in PLACES), "", path)
    if re.search(r"[{}]", rest):
        known = ", ".join(f"{{{place}}}" for place in PLACES)
        raise ValueError(f"braces may only be those of {known}; rename the file or folder, or link to it")
    return path


def filled(path: str, **values: object) -> str:
    """Put names and numbers into the places of a path; others stay."""
    for place, value in values.items():
        path = path.replace(f"{{{place}}}", str(value))
    return path


TaskName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+-[A-Za-z0-9_]+-[1-9]\d{0,5}$")]


class Entry(Settings):
    """Predictions of one method in files, and its card.

    Attributes
    ----------
    path
        Predictions of one fold: NPZ, PDB with several models, or a trajectory. ``{dataset}``, ``{mapping}``,
        ``{n_beads}`` and ``{fold}`` stand for those of the run. With ``url``, the name in the archive.
    tasks
        Tasks that have predictions, such as ``chignolin-cgae-6``.
    card
        Method card, in YAML or JSON.
    topology
        Topology of the predictions, with the same places as ``path``; by default that of the task.
    url
        Address of a tar archive with the predictions.
    sha256
        Checksum of the archive, required with ``url``.
    """

    path: Annotated[InputPath, AfterValidator(_known_places)]
    tasks: Annotated[tuple[TaskName, ...], Field(min_length=1)]
    card: InputPath
    topology: Annotated[InputPath, AfterValidator(_known_places)] | None = None
    url: Annotated[str, Field(pattern=r"^https?://[^/?#\s]+/([^?#\s]*/)?[A-Za-z0-9_+-][\w.+-]*$")] | None = (
        None
    )
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None

    @model_validator(mode="after")
    def _archive_has_a_checksum(self) -> Self:
        if (self.url is None) != (self.sha256 is None):
            raise ValueError("`url` and `sha256` belong together; give both, or neither")
        return self
