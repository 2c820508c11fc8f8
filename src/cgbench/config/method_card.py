"""Method card: what a method is, and what its scores may rest on."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from cgbench.core.errors import InputError
from cgbench.core.settings import Settings, parse_settings
from cgbench.core.strict_yaml import read_yaml

# One line of a table.
Line = Annotated[str, Field(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f]+$")]
Training = Literal["task", "zero-shot", "none"]


class MethodCard(Settings):
    """What a method is, and what its scores may rest on.

    Attributes
    ----------
    method
        What it is, in one sentence.
    reference
        Publication or origin.
    code
        Address of the code, or that it is not public.
    licence
        Licence of the code and of the weights.
    training
        ``task`` if it was trained on the training frames of the fold, ``zero-shot`` if it was trained on
        other data alone, ``none`` if nothing was trained.
    training_data
        What it was trained on.
    test_molecules
        Whether the molecules of the test frames are in the training data: ``excluded``, ``possible`` or
        ``included``, as in training on the task.
    deterministic
        Whether it gives one geometry for the beads of a frame.
    parameters
        Number of trained parameters, if it is known.
    cost
        Times of training and of sampling, and the hardware.
    """

    method: Line
    reference: Line
    code: Line
    licence: Line
    training: Training
    training_data: Line
    test_molecules: Literal["excluded", "possible", "included"]
    deterministic: bool
    parameters: Annotated[int, Field(ge=0)] | None = None
    cost: Line

    @classmethod
    def load(cls, path: Path | str) -> "MethodCard":
        """Read a card in YAML or JSON.

        Raises
        ------
        InputError
            If the file is missing or no such card.
        """
        content = read_yaml(path)
        if not isinstance(content, dict):
            found = "the card is empty" if content is None else "the card is no list of keys and values"
            raise InputError(f"{path}: {found}; docs/submit.md has a card to copy")
        return parse_settings(cls, content, str(path))
