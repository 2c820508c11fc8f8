"""Which files results depend on, so that an edit repeats those results and no others."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cgbench
from cgbench import plugins

PACKAGE = Path(cgbench.__file__).parent
# What everything stands on and no result is made by: following these would repeat all for any edit.
FOUNDATIONS = {
    PACKAGE / f"{name}.py"
    for name in ("config", "errors", "files", "fit_context", "plugins", "schema", "seeds", "settings")
} | {PACKAGE / room / "base.py" for room in ("datasets", "mapping", "methods")}


def source_files(room: str, name: str) -> tuple[Path, ...]:
    """File of a plug-in and of all that it imports from this package, directly or through each other.

    Raises
    ------
    InputError
        If there is no such plug-in.
    """
    return _followed(plugins.source_file(room, name))


def module_files(name: str) -> tuple[Path, ...]:
    """File of the module ``cgbench.<name>`` and of all that it imports from this package."""
    return _followed(PACKAGE / f"{name}.py")


@cache
def _followed(start: Path) -> tuple[Path, ...]:
    """Follow imports from a file; once, since a workflow asks for every one of its jobs."""
    found: dict[Path, None] = {}
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path] = None
            waiting += _imported(path)
    return tuple(found)


def _imported(path: Path) -> Iterator[Path]:
    """Files of the modules of this package that a file imports, but for the foundations."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for module in modules:
            top, _, rest = module.partition(".")
            target = PACKAGE.joinpath(*rest.split(".")).with_suffix(".py")
            if top == "cgbench" and target not in FOUNDATIONS and target.is_file():
                yield target
