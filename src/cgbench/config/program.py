"""Programs: methods that are command lines with environments of their own."""

import re
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from cgbench.core.errors import InputError
from cgbench.core.settings import InputPath, Settings, fingerprint, or_in_checkout

USE = "program"  # value of `use`, by which an entry of `methods` is a program
PLACES = ("beads", "topology", "samples", "train", "seed", "n_samples", "threads")
REQUIRED = ("beads", "samples")


def _checked_command(command: str) -> str:
    arguments = shlex.split(command)  # ValueError for a quotation that does not end
    known = ", ".join(f"{{{place}}}" for place in PLACES)
    if not arguments or re.search(r"[{}]", re.sub("|".join(f"{{{place}}}" for place in PLACES), "", command)):
        raise ValueError(f"give a program and its arguments, in which braces are those of {known}")
    for place in REQUIRED:
        if f"{{{place}}}" not in command:
            raise ValueError(f"{{{place}}} is missing; give the program this path")
    return command


class Program(Settings):
    """A program that is run as a method, without training by this package.

    Attributes
    ----------
    command
        Program and arguments. No shell reads them. ``{beads}`` and ``{samples}`` are paths without a suffix:
        the program reads ``{beads}.npz``, ``{beads}.pdb`` or ``{beads}.xtc``, and writes ``{samples}.npz``,
        ``{samples}.pdb``, ``{samples}.xtc`` or ``{samples}.dcd``. ``{topology}`` is a PDB file of all atoms,
        ``{train}`` an NPZ file of training frames; ``{seed}``, ``{n_samples}`` and ``{threads}`` are numbers.
    card
        Method card, in YAML or JSON.
    mappings
        Mappings whose beads the program can read.
    environment
        pip requirements file of a virtual environment for the program, which is made once. Without one, the
        program is looked for as in a shell.
    chunk
        Largest number of frames that one start of the program gets.
    time_limit_min
        Time after which one start is stopped, minutes.
    caps
        Whether the program gets beads and atoms of caps (ACE, NME). Without them, only residues with N, CA
        and C are left.
    """

    command: Annotated[str, AfterValidator(_checked_command)]
    card: InputPath
    mappings: Annotated[tuple[str, ...], Field(min_length=1)]
    environment: InputPath | None = None
    chunk: Annotated[int, Field(ge=1)] = 100
    time_limit_min: Annotated[float, Field(gt=0)] = 60.0
    caps: bool = True

    def arguments(self, places: dict[str, Any]) -> list[str]:
        """Return program and arguments with the values of all places, each of which stays one argument."""
        return [re.sub(r"\{(\w+)\}", lambda place: str(places[place[1]]), word) for word in self._words()]

    def files(self) -> list[Path]:
        """List the files whose content decides about the results: the card, and scripts in the command."""
        return [or_in_checkout(self.card), *(Path(word) for word in self._words() if Path(word).is_file())]

    def _words(self) -> list[str]:
        words = shlex.split(self.command)
        return [str(or_in_checkout(word)) if "/" in word else word for word in words]

    def requirements(self) -> tuple[Path, str] | None:
        """Return the requirements file, and a name for the environment that follows from its content.

        Raises
        ------
        InputError
            If the file cannot be read.
        """
        if self.environment is None:
            return None
        path = or_in_checkout(self.environment)
        try:
            content = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"{path}: cannot be read ({error}); give a requirements file of pip as `environment`"
            ) from None
        return path, fingerprint(content, *map(str, sys.version_info[:2]))
