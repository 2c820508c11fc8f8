"""Registry of plug-ins: classes in files of one folder for each kind, which the configuration chooses by key.

A file defines one class with the name that is fixed for its kind, such as ``Metric``; the name of the file is
the key. A file with several metrics maps keys to classes instead: ``METRICS = {"graph_xor": GraphXor, ...}``.
``base.py`` and files whose names begin with ``_`` are not plug-ins. Files from outside of this package
(:mod:`cgbench.core.plugin_places`) count like those inside.
"""

import ast
import importlib
import json
import traceback
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from cgbench.core import plugin_places
from cgbench.core.errors import InputError
from cgbench.core.plugin_places import PlugInFile
from cgbench.core.settings import Automatic, Settings, parse_settings


@dataclass(frozen=True)
class Kind:
    """Plug-ins of one kind.

    Attributes
    ----------
    package
        Package with those of this project; the class of each has a base class in the module ``base`` there.
    folder
        Folder with those from outside; their entry points are in the group ``cgbench.<folder>``.
    class_name, mapping_name
        Name of the class in a file, or of a mapping of several classes.
    """

    package: str
    folder: str
    class_name: str
    mapping_name: str = ""


KINDS = {
    "sources": Kind("cgbench.data.sources", "sources", "Source"),
    "mapping": Kind("cgbench.mapping", "mappings", "Generator"),
    "methods": Kind("cgbench.methods", "methods", "Method"),
    "metrics": Kind("cgbench.metrics", "metrics", "Metric", "METRICS"),
}
_SPEC_EXAMPLE = '{"use": "nearest_frame", "settings": {"neighbours": 4}}'


class UnknownPlugInError(InputError):
    """There is no plug-in of this name."""


def names(kind: str) -> list[str]:
    """Keys of all plug-ins of a kind, sorted; their files are read but not imported.

    Raises
    ------
    InputError
        If two files define the same key or the keys of a file cannot be read.
    """
    return sorted(_files(kind))


def names_outside(kind: str) -> list[str]:
    """Keys of the plug-ins of a kind that are outside of this package, sorted."""
    return sorted(key for key, file in _files(kind).items() if not file.module.startswith("cgbench."))


def folder(kind: str) -> str:
    """Folder of the plug-ins of a kind, for messages."""
    return KINDS[kind].package.replace(".", "/")


def load(kind: str, name: str) -> Any:
    """Class of the plug-in ``name``.

    Raises
    ------
    InputError
        If there is no such plug-in, its file cannot be imported, or it lacks the class.
    """
    files, expected = _files(kind), KINDS[kind]
    if name not in files:
        near = get_close_matches(name, files, n=1)
        meant = f"did you mean {near[0]!r}? There" if near else "there"
        raise UnknownPlugInError(
            f"no {kind} plug-in {name!r}; {meant} are: {', '.join(sorted(files))}; name the folder or "
            f"package of another one under `plugins` in the configuration, or in {plugin_places.VARIABLE}"
        )
    module = _module(files[name])
    found = getattr(module, expected.mapping_name, {}).get(name) or getattr(module, expected.class_name, None)
    if found is None:
        raise InputError(f"{module.__file__}: defines no class {expected.class_name}; add it")
    base = f"{expected.package}.base"
    if base not in (parent.__module__ for parent in getattr(found, "__mro__", ())):
        raise InputError(
            f"{module.__file__}: the class of {name!r} has no base class of {base}; derive it from one"
        )
    return found


def source_file(kind: str, name: str) -> Path:
    """File that defines a plug-in, so that a workflow can rerun the jobs that an edit changes."""
    load(kind, name)
    return _files(kind)[name].path


def packages() -> dict[str, Path]:
    """Folders of the installed packages with plug-ins, by the name under which they are imported."""
    files = (file for kind in KINDS for file in _files(kind).values())
    return {file.module.partition(".")[0]: file.package for file in files if file.package}


def _module(file: PlugInFile) -> ModuleType:
    try:
        return importlib.import_module(file.module)
    except Exception as error:
        lines = [
            at.lineno for at in traceback.extract_tb(error.__traceback__) if at.filename == str(file.path)
        ]
        where = f"line {lines[-1]}: " if lines else ""
        raise InputError(
            f"{file.path}: {where}cannot be imported ({type(error).__name__}: {error}); correct the file, or "
            "install what it needs"
        ) from error


def _files(kind: str) -> dict[str, PlugInFile]:
    """File of each plug-in of a kind, by key."""
    files: dict[str, PlugInFile] = {}
    expected = KINDS[kind]
    package = Path(str(importlib.import_module(expected.package).__file__)).parent
    for file in (
        *plugin_places.in_folder(package, expected.package),
        *plugin_places.outside(expected.folder),
    ):
        keys = _keys(file.path, expected.mapping_name) or (file.stem,)
        if file.key is not None and file.key not in keys:
            raise InputError(
                f"{file.path}: its entry point is {file.key!r}, but its key is {' or '.join(keys)}; give the "
                "entry point this name"
            )
        for key in keys if file.key is None else [file.key]:
            other = files.setdefault(key, file)
            if other != file:
                raise InputError(f"{file.path}: {other.path} already defines {key!r}; rename one of them")
    return files


@cache
def _keys(path: Path, mapping: str) -> tuple[str, ...]:
    """Keys of the plug-ins in a file that defines a mapping of them; otherwise none."""
    try:
        for node in ast.parse(path.read_bytes()).body if mapping else ():
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict(keys=keys)) if name == mapping:
                    return tuple(str(ast.literal_eval(key or "")) for key in keys)
    except (SyntaxError, ValueError) as error:
        raise InputError(
            f'{path}: cannot be read ({error}); correct it, and write {mapping} = {{"key": Class}}'
        ) from None
    return ()


@dataclass(frozen=True)
class PlugIn:
    """A plug-in ``use`` with its settings, under the ``name`` that the configuration gives it."""

    kind: str
    name: str
    use: str
    settings: Settings

    def to_json(self) -> str:
        """JSON for :meth:`from_json` and the command line; equal plug-ins give equal text."""
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
            If the text is no such JSON or its settings are not valid for the plug-in.
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

    @classmethod
    def parse(cls, kind: str, name: str, use: str, values: dict[str, Any], where: str) -> "PlugIn":
        """Check the settings ``values`` of plug-in ``use``; ``where`` begins the error message."""
        return cls(kind, name, use, parse_settings(load(kind, use).Settings, values, where))

    def resolved(self, facts: Any) -> Self:
        """Return the plug-in with every setting ``auto`` replaced by its value for a task."""
        return replace(self, settings=self.settings.resolved(facts))

    def create(self, *args: Any) -> Any:
        """Instantiate the plug-in with its settings."""
        return load(self.kind, self.use)(self.settings, *args)


class NestedPlugInSettings(Settings):
    """Settings of a plug-in that builds on another plug-in of its kind.

    Attributes
    ----------
    kind, name
        Kind and key of the plug-in that has these settings.
    of
        Key of the plug-in that it builds on.
    settings
        Settings of that plug-in, where they differ from its defaults.
    """

    kind: ClassVar[str]
    name: ClassVar[str]
    of: str
    settings: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_inner(self) -> Self:
        self.inner()
        return self

    def inner(self) -> PlugIn:
        """Return the plug-in ``of`` with its settings.

        Raises
        ------
        InputError
            If there is no such plug-in or its settings are not valid.
        """
        return PlugIn.parse(self.kind, self.of, self.of, self.settings, f"settings of {self.name} {self.of}")

    def undecided(self) -> dict[str, Automatic]:
        """Return the settings that are ``auto``, those of the plug-in ``of`` included."""
        return super().undecided() | self.inner().settings.undecided()

    def resolved(self, facts: Any) -> Self:
        """Replace every ``auto``, also of the plug-in ``of``, by its value for a task."""
        inner = self.inner().settings.resolved(facts).model_dump(mode="json")
        return super().resolved(facts).model_copy(update={"settings": inner})
