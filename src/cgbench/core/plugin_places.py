"""Where plug-ins are: folders of this package, folders of others, and installed packages.

The configuration names folders and packages under ``plugins``; the variable ``CGBENCH_PLUGINS`` passes them
on to the jobs of the workflow, and names them for single commands. A folder has subfolders with the names in
:data:`FOLDERS`. A package has entry points in the groups ``cgbench.methods`` etc., each of which names a
module.
"""

import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from cgbench.core.errors import InputError
from cgbench.core.settings import fingerprint

FOLDERS = ("methods", "mappings", "metrics", "sources")
VARIABLE = "CGBENCH_PLUGINS"
_chosen: list[str] = []


@dataclass(frozen=True)
class PlugInFile:
    """File of one or several plug-ins, the name under which it is imported, and the one key to take of it."""

    path: Path
    module: str
    key: str | None = None

    @property
    def stem(self) -> str:
        """Last part of the name."""
        return self.module.rpartition(".")[2]

    @property
    def package(self) -> Path | None:
        """Folder of the outermost package that has the file; None for a module in no package."""
        folders = [self.path] if self.path.stem != "__init__" else [self.path.parent]
        folders += folders[0].parents
        top = folders[self.module.count(".")]
        return top if top.is_dir() else None


def choose(places: Iterable[str]) -> None:
    """Let the plug-ins in folders and packages count, in place of those chosen before.

    Raises
    ------
    InputError
        If there is no such folder or package, or it has no plug-ins.
    """
    checked = [_checked(place) for place in places]
    _chosen[:] = checked


def chosen() -> list[str]:
    """Absolute folders and names of packages: those of the configuration and of the variable."""
    given = filter(None, os.environ.get(VARIABLE, "").split(os.pathsep))
    return list(dict.fromkeys([*_chosen, *map(_checked, given)]))


def in_folder(folder: Path, package: str) -> Iterator[PlugInFile]:
    """Yield the files of a folder, except ``base.py`` and those whose names begin with ``_``."""
    for path in sorted(folder.glob("*.py")):
        if path.stem != "base" and not path.stem.startswith("_"):
            yield PlugInFile(path, f"{package}.{path.stem}")


def outside(folder: str) -> Iterator[PlugInFile]:
    """Yield the files from outside of one of the kinds in :data:`FOLDERS`.

    Raises
    ------
    InputError
        If a folder or package is missing, or an entry point names no Python file.
    """
    for place in chosen():
        if Path(place).is_absolute():
            yield from in_folder(Path(place, folder), f"{_importable(place)}.{folder}")
        else:
            points = importlib.metadata.distribution(place).entry_points
            for point in points.select(group=f"cgbench.{folder}"):
                yield PlugInFile(_file(place, point.name, point.module), point.module, point.name)


@cache
def _importable(folder: str) -> str:
    """Make a package of a folder, under a name of its own that is on no path."""
    name = f"cgbench_plugins_{fingerprint(folder)}"
    package = ModuleType(name)
    package.__path__ = [folder]
    sys.modules[name] = package
    return name


@cache
def _file(package: str, key: str, module: str) -> Path:
    try:
        spec = importlib.util.find_spec(module)
        reason = "there is no such Python file"
    except Exception as error:  # of the package that has the module, or of its name
        spec, reason = None, f"{type(error).__name__}: {error}"
    if spec is None or not (spec.origin or "").endswith(".py"):
        raise InputError(
            f"package {package}: entry point {key!r} names the module {module!r}, which cannot be used "
            f"({reason}); correct the entry point or the module, and install the package again"
        )
    return Path(str(spec.origin))


def _checked(place: str) -> str:
    """Absolute path of a folder, or the name of a package."""
    if any(Path(place, folder).is_dir() for folder in FOLDERS):
        folder = str(Path(place).resolve())
        if os.pathsep in folder:
            raise InputError(f"{folder}: {VARIABLE} is split at {os.pathsep!r}; rename the folder")
        for name in FOLDERS:
            singular = Path(folder, name.removesuffix("s"))
            if any(singular.glob("*.py")):
                raise InputError(f"{singular}: no folder of plug-ins; rename it to {name}/")
        return folder
    subfolders = ", ".join(f"{folder}/" for folder in FOLDERS)
    if Path(place).is_dir():
        raise InputError(f"{place}: a folder without plug-ins; put their files into {subfolders} in it")
    try:
        groups = importlib.metadata.distribution(place).entry_points.groups
    except (importlib.metadata.PackageNotFoundError, ValueError):
        raise InputError(
            f"{place}: neither a folder nor an installed package; correct the path, or install the package"
        ) from None
    if not groups & {f"cgbench.{folder}" for folder in FOLDERS}:
        raise InputError(
            f"{place}: an installed package without plug-ins; declare entry points in one of the groups "
            + ", ".join(f"cgbench.{folder}" for folder in FOLDERS)
        )
    return place
