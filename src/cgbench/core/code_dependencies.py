"""Source code that results depend on: an edit repeats those results and no others."""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import cgbench
from cgbench.core import registry

PACKAGE = Path(cgbench.__file__).parent
# Modules that every result uses. An edit of these repeats nothing, although it can change results.
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


def plugin_files(kind: str, *names: str) -> tuple[Path, ...]:
    """List the files of plug-ins and of everything they import from this package.

    Raises
    ------
    InputError
        If there is no such plug-in.
    """
    return _unique(_with_imports(registry.source_file(kind, name)) for name in names)


def verb_files(verb: str) -> tuple[Path, ...]:
    """List the files of this package that a command-line verb imports, directly or indirectly.

    Raises
    ------
    KeyError
        If there is no such verb.
    """
    return _unique(map(_with_imports, _verbs()[verb]))


def code_hash(files: Iterable[Path]) -> str:
    """Hash the code of files; comments, docstrings and layout do not count."""
    return hashlib.sha256("".join(map(_code, sorted(files))).encode()).hexdigest()[:16]


def _unique(groups: Iterable[Iterable[Path]]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(path for group in groups for path in group))


@cache
def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _code(path: Path) -> str:
    tree = _parse(path)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:]
    return ast.dump(tree)


@cache
def _verbs() -> dict[str, tuple[Path, ...]]:
    """Files that each verb imports: verbs are decorated functions that import what they call."""
    return {
        node.name.replace("_", "-"): tuple(_imports(node))
        for path in sorted(PACKAGE.glob("cli/*.py"))
        for node in _parse(path).body
        if isinstance(node, ast.FunctionDef) and node.decorator_list
    }


@cache
def _with_imports(start: Path) -> tuple[Path, ...]:
    found: dict[Path, None] = {}
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path] = None
            waiting += _imports_of(path)
    return tuple(found)


@cache
def _imports_of(path: Path) -> tuple[Path, ...]:
    return tuple(_imports(_parse(path)))


def _imports(code: ast.AST) -> Iterator[Path]:
    """Yield files of this package that a piece of code imports, except the foundations."""
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
