"""Which files results depend on, so that an edit repeats those results and no others."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cgbench
from cgbench.core import registry

PACKAGE = Path(cgbench.__file__).parent
# What everything stands on and no result is made by: following these would repeat all for any edit.
FOUNDATIONS = {
    PACKAGE / f"{name}.py"
    for name in (
        "config/loader",
        "config/run_matrix",
        "config/schema",
        "core/atomic_io",
        "core/errors",
        "core/registry",
        "core/seeds",
        "core/settings",
        "core/training_context",
        "data/sources/base",
        "mapping/base",
        "methods/base",
    )
}


def source_files(kind: str, name: str) -> tuple[Path, ...]:
    """File of a plug-in and of all that it imports from this package, directly or through each other.

    Raises
    ------
    InputError
        If there is no such plug-in.
    """
    return _followed(registry.source_file(kind, name))


def verb_files(verb: str) -> tuple[Path, ...]:
    """Files of this package that a verb of the command line imports, directly or through each other.

    Raises
    ------
    KeyError
        If there is no such verb.
    """
    return tuple(dict.fromkeys(path for start in _verbs()[verb] for path in _followed(start)))


@cache
def _verbs() -> dict[str, tuple[Path, ...]]:
    """Files that every verb imports itself, by name: a verb is a function that imports inside."""
    return {
        node.name.replace("_", "-"): tuple(_imported(node))
        for path in sorted(PACKAGE.glob("cli/*.py"))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.decorator_list
    }


@cache
def _followed(start: Path) -> tuple[Path, ...]:
    """Follow imports from a file; once, since a workflow asks for every one of its jobs."""
    found: dict[Path, None] = {}
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path] = None
            waiting += _imported(ast.parse(path.read_text()))
    return tuple(found)


def _imported(code: ast.AST) -> Iterator[Path]:
    """Files of the modules of this package that a piece of code imports, but for the foundations."""
    for node in ast.walk(code):
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
