"""Settings of every network that passes messages between beads or atoms."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from cgbench.core.settings import Settings


class MessageSettings(Settings):
    """How wide messages are and what they are filtered with.

    Attributes
    ----------
    features
        Invariant channels per bead, or per atom.
    heads
        Radial filters per layer; the channels must be multiples of it.
    basis
        Radial functions.
    """

    channels: ClassVar[tuple[str, ...]] = ("features",)  # what `heads` must divide

    features: Annotated[int, Field(ge=1)] = 64
    heads: Annotated[int, Field(ge=1)] = 8
    basis: Annotated[int, Field(ge=1)] = 8

    @model_validator(mode="after")
    def _heads_divide_channels(self) -> Self:
        sizes = {name: getattr(self, name) for name in self.channels}
        if any(size % self.heads for size in sizes.values()):
            said = " and ".join(f"{name} ({size})" for name, size in sizes.items())
            raise ValueError(f"{said} must be multiples of heads ({self.heads})")
        return self
