"""Base class of sources of frames."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from cgbench.chem.frames import Frames
from cgbench.core.settings import Settings as SettingsModel


class DatasetSource(ABC):
    """Base class of a source, which is the class ``Source`` in a file of ``cgbench/data/sources``.

    Attributes
    ----------
    Settings
        Its settings, given in the config under ``datasets.<name>``, next to ``source``.
    """

    Settings: ClassVar[type[SettingsModel]] = SettingsModel

    def __init__(self, settings: SettingsModel) -> None:
        self.settings = settings

    @abstractmethod
    def input_files(self) -> list[str]:
        """List the files that the workflow must make or find first, relative to the working directory."""

    @abstractmethod
    def read(self) -> tuple[Frames, dict[str, Any]]:
        """Read all frames.

        Returns
        -------
        frames
            Positions in Å, with the trajectory of each frame.
        card
            Metadata for JSON: force field, temperature, licence, citation, files with SHA-256, ...

        Raises
        ------
        InputError
            If a file cannot be used, naming the file.
        """
