"""Base class of settings, paths in them, their validation, and fingerprints."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from reprlib import Repr
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError
from pydantic_core import core_schema

import cgbench
from cgbench.core.errors import InputError

_SHORT = Repr()
_SHORT.maxlevel = 2
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 100


def expand_path(path: str) -> str:
    """Replace ``~`` and environment variables such as ``$HOME``; those without a value stay."""
    return os.path.expandvars(os.path.expanduser(path))  # noqa: PTH111


# Path of an input file. A file whose name itself begins with ~ or has a $ is taken as it is.
InputPath = Annotated[str, AfterValidator(lambda path: path if os.path.exists(path) else expand_path(path))]  # noqa: PTH110


def project_folder() -> Path:
    """Folder of the workflow, its configuration and resources: the checkout, or a copy in a wheel."""
    package = Path(cgbench.__file__).parent
    packed = package / "project"  # setup.py puts it there
    return packed if packed.is_dir() else package.parents[1]


def or_in_checkout(path: str) -> Path:
    """Return a path, or that in the checkout (or its copy in a wheel) if only this exists.

    The workflow may be started elsewhere.
    """
    elsewhere = project_folder() / path
    return elsewhere if not Path(path).exists() and elsewhere.exists() else Path(path)


AUTO: Any = "auto"  # the default of a setting that follows from the task


@dataclass(frozen=True)
class Automatic:
    """Annotation of a setting that may be ``auto``; its type is that of the value which then replaces it.

    Attributes
    ----------
    rule
        From the facts of a task and the settings, of which those declared before are decided, to the value.
    """

    rule: Callable[[Any, Any], int | float]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Accept ``auto`` beside what the annotated type accepts."""
        return core_schema.tagged_union_schema(
            {"auto": core_schema.literal_schema([AUTO]), "value": handler(source)},
            discriminator=lambda value: "auto" if value == AUTO else "value",
        )


class Settings(BaseModel):
    """Immutable settings in which unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def to_json(self) -> str:
        """JSON with sorted keys, so that equal settings give equal text."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True)

    def undecided(self) -> dict[str, Automatic]:
        """Return the settings that are ``auto``, by name, with what decides them."""
        return {
            name: part
            for name, field in type(self).model_fields.items()
            for part in field.metadata
            if isinstance(part, Automatic) and getattr(self, name) == AUTO
        }

    def resolved(self, facts: Any) -> Self:
        """Replace every ``auto`` by its value; methods follow :class:`cgbench.nn.task_facts.TaskFacts`."""
        decided = self
        for name, automatic in Settings.undecided(self).items():
            decided = decided.model_copy(update={name: automatic.rule(facts, decided)})
        return self.model_validate(decided.model_dump())


S = TypeVar("S", bound=Settings)


def parse_settings(model: type[S], values: dict[str, Any], where: str) -> S:
    """Validate ``values`` against ``model``.

    Parameters
    ----------
    where
        Origin of the values (``"config: methods.cgvae"``), with which every message begins.

    Raises
    ------
    InputError
        Naming every wrong key with its value and what is accepted.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{where}: {_explain(error, model, values)}") from None


def _explain(error: ValidationError, model: type[Settings], values: dict[str, Any]) -> str:
    lines = []
    for item in error.errors(include_url=False):
        key = _key(item, values) or "(all)"
        if item["type"] == "extra_forbidden":
            lines.append(f"unknown key {key!r} (value {_shown(item['input'])}); {_known_keys(model, item)}")
        elif item["type"] == "missing":
            lines.append(f"key {key!r} is missing; add it")
        else:
            lines.append(f"key {key!r} has value {_shown(item['input'])}: {item['msg']}")
    return "; ".join(lines)


def _key(item: Any, values: Any) -> str:
    """Join the keys that lead to the error, without the names of alternatives that pydantic inserts."""
    keys = []
    for part in item["loc"]:
        is_index = isinstance(part, int) and isinstance(values, list | tuple)
        if is_index or (isinstance(values, Mapping) and part in values):
            values = values[part]
        elif item["type"] != "missing" or part != item["loc"][-1]:
            continue
        keys.append(str(part))
    return ".".join(keys)


def _shown(value: Any) -> str:
    try:
        return _SHORT.repr(value)
    except ValueError:  # Python refuses to print integers of several thousand digits
        return "a number with too many digits to show"


def _known_keys(model: type[Settings], item: Any) -> str:
    if len(item["loc"]) == 1:
        return f"known keys: {', '.join(sorted(model.model_fields))}"
    return "see config/README.md for the known keys"


def fingerprint(*parts: str) -> str:
    """Short hash of texts, for file names and to compare configurations."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
