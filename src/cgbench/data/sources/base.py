"""The contract of a source of frames."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from cgbench.chem.frames import Frames
from cgbench.core.settings import Settings as SettingsModel


class DatasetSource(ABC):
    """Contract of a source: one file in ``cgbench/data/sources`` with one class named ``Source``.

    Attributes
    ----------
    Settings
        Its settings in the config (key ``datasets.<name>``, next to ``source``).
    """

    Settings: ClassVar[type[SettingsModel]] = SettingsModel

    def __init__(self, settings: SettingsModel) -> None:
        self.settings = settings

    @abstractmethod
    def input_files(self) -> list[str]:
        """List the files that the frames are read from, relative to the working directory.

        The workflow waits for them.
        """

    @abstractmethod
    def read(self) -> tuple[Frames, dict[str, Any]]:
        """Read all frames.

        Returns
        -------
        frames
            In Å, several trajectories told apart.
        card
            What is known about them (force field, temperature, licence, citation, files with
            sha256, ...), ready for JSON.

        Raises
        ------
        InputError
            For anything that cannot be used, naming the file.
        """
