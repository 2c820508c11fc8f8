"""Settings of a plug-in that begins with what another one of its kind has made."""

from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from cgbench.core.registry import PlugIn
from cgbench.core.settings import Settings


class NestedPlugInSettings(Settings):
    """Which plug-in to begin with; its settings are checked together with these.

    Attributes
    ----------
    kind, name
        Of the plug-in that these are the settings of.
    of
        Name of the other.
    settings
        Its settings, where they are not its defaults.
    """

    kind: ClassVar[str]
    name: ClassVar[str]
    of: str
    settings: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _refuse_what_it_refuses(self) -> Self:
        self.inner()
        return self

    def inner(self) -> PlugIn:
        """Give the plug-in to begin with.

        Raises
        ------
        InputError
            If there is no such plug-in or it refuses its settings.
        """
        where = f"settings of {self.name} {self.of}"
        return PlugIn.parse(self.kind, self.of, self.of, self.settings, where)
