"""Plug-ins are files: a module's name is its key in the config, its class has one fixed name."""

import importlib
import json
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from cgbench.core.errors import InputError
from cgbench.core.settings import Settings, parse_settings


@dataclass(frozen=True)
class Kind:
    """Where plug-ins of one kind live, and the name of the class that each file defines."""

    package: str
    class_name: str


KINDS = {
    "sources": Kind("cgbench.data.sources", "Source"),
    "mapping": Kind("cgbench.mapping", "Generator"),
    "methods": Kind("cgbench.methods", "Method"),
    "metrics": Kind("cgbench.metrics", "Metric"),
}
_SPEC_EXAMPLE = '{"use": "linear", "settings": {}}'


def names(kind: str) -> list[str]:
    """Keys of all plug-ins of a kind, sorted: every file of its package but ``base.py`` and ``_*.py``."""
    package = importlib.import_module(KINDS[kind].package)
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return sorted(name for name in found if name != "base" and not name.startswith("_"))


def folder(kind: str) -> str:
    """Folder of the plug-ins of a kind, as messages name it."""
    return KINDS[kind].package.replace(".", "/")


def load(kind: str, name: str) -> Any:
    """Class of the plug-in ``name``.

    Raises
    ------
    InputError
        If there is no such file or it lacks the class of the contract.
    """
    if name not in names(kind):
        raise InputError(f"no {kind} plug-in {name!r}; there are: {', '.join(names(kind))}")
    module = _module(kind, name)
    try:
        return getattr(module, KINDS[kind].class_name)
    except AttributeError:
        raise InputError(f"{module.__file__}: defines no class {KINDS[kind].class_name}") from None


def source_file(kind: str, name: str) -> Path:
    """File of the plug-in, so that a workflow can rerun what an edit changes."""
    load(kind, name)
    return Path(str(_module(kind, name).__file__))


def _module(kind: str, name: str) -> ModuleType:
    return importlib.import_module(f"{KINDS[kind].package}.{name}")


@dataclass(frozen=True)
class PlugIn:
    """A plug-in chosen and set up by the config."""

    kind: str
    name: str
    use: str
    settings: Settings

    def to_json(self) -> str:
        """JSON that :meth:`from_json` and the command line take; equal plug-ins give equal text."""
        return json.dumps(
            {"name": self.name, "use": self.use, "settings": self.settings.model_dump(mode="json")},
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, kind: str, text: str) -> "PlugIn":
        """Inverse of :meth:`to_json`; ``name`` and ``settings`` may be left out.

        Raises
        ------
        InputError
            If the text is not such JSON or the plug-in refuses its settings.
        """
        try:
            spec = json.loads(text)
        except json.JSONDecodeError as error:
            raise InputError(f"{kind} spec: not valid JSON ({error}); example: {_SPEC_EXAMPLE}") from None
        if not isinstance(spec, dict) or "use" not in spec or spec.keys() - {"name", "use", "settings"}:
            raise InputError(f"{kind} spec {text!r}: expected something like {_SPEC_EXAMPLE}")
        use = str(spec["use"])
        name = str(spec.get("name", use))
        return cls.parse(kind, name, use, spec.get("settings") or {}, f"{kind} spec {name}")

    def create(self, *args: Any) -> Any:
        """Instantiate the plug-in's class with its settings."""
        return load(self.kind, self.use)(self.settings, *args)

    @classmethod
    def parse(cls, kind: str, name: str, use: str, values: dict[str, Any], where: str) -> "PlugIn":
        """Check ``values`` against the settings of plug-in ``use``."""
        return cls(kind, name, use, parse_settings(load(kind, use).Settings, values, where))
