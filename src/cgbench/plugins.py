"""Plug-ins are files: a module's name is its key in the config, its class has one fixed name."""

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

from cgbench.errors import InputError

CLASS_NAMES = {"datasets": "Source", "mapping": "Generator", "methods": "Method", "metrics": "Metric"}


def names(room: str) -> list[str]:
    """Keys of all plug-ins in ``cgbench/<room>``, sorted."""
    package = importlib.import_module(f"cgbench.{room}")
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__) if module.name != "base")


def load(room: str, name: str) -> Any:
    """Class of the plug-in ``name``.

    Raises
    ------
    InputError
        If there is no such file or it lacks the class of the contract.
    """
    if name not in names(room):
        raise InputError(f"no {room} plug-in {name!r}; there are: {', '.join(names(room))}")
    module = _module(room, name)
    try:
        return getattr(module, CLASS_NAMES[room])
    except AttributeError:
        raise InputError(f"{module.__file__}: defines no class {CLASS_NAMES[room]}") from None


def source_file(room: str, name: str) -> Path:
    """File of the plug-in, so that a workflow can rerun what an edit changes."""
    load(room, name)
    return Path(str(_module(room, name).__file__))


def _module(room: str, name: str) -> ModuleType:
    return importlib.import_module(f"cgbench.{room}.{name}")
