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
        "core/plugin_places",
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
    """List the files of plug-ins and of everything they import from this package and from their own.

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
    for node in (tree, *_statements(tree)):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:]
    return ast.dump(tree, annotate_fields=False)


def _statements(code: ast.AST) -> Iterator[ast.AST]:
    """Yield all statements below a node; :func:`ast.walk` also visits every expression, which takes long."""
    for field in ("body", "orelse", "handlers", "finalbody", "cases"):
        for node in getattr(code, field, ()):
            yield node
            yield from _statements(node)


@cache
def _verbs() -> dict[str, tuple[Path, ...]]:
    """Files that each verb imports: verbs are decorated functions that import what they call."""
    return {
        node.name.replace("_", "-"): tuple(_imports(node, path))
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
    return tuple(_imports(_parse(path), path))


def _imports(code: ast.AST, path: Path) -> Iterator[Path]:
    """Yield files that a piece of code in a file imports from packages of plug-ins, except the foundations.

    The files of packages count, since their code runs first; in this package they have none.
    """
    packages = {"cgbench": PACKAGE} if path.is_relative_to(PACKAGE) else registry.packages()
    folders = [path.parent] if path.name != "__init__.py" else [path.parent.parent]
    for node in _statements(code):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [".".join(filter(None, (node.module, alias.name))) for alias in node.names]
        else:
            continue
        for module in modules:
            top, *rest = module.split(".")
            if isinstance(node, ast.ImportFrom) and node.level:
                folder, rest = path.parents[node.level - 1], [top, *rest]
            elif top in packages:
                folder = packages[top]
            else:
                continue
            folders += [folder.joinpath(*rest[:depth]) for depth in range(len(rest) + 1)]
    for folder in dict.fromkeys(folders):
        for target in (folder.parent / f"{folder.name}.py", folder / "__init__.py"):
            own = target.name == "__init__.py" and target.is_relative_to(PACKAGE)
            if not own and target not in FOUNDATIONS and target.is_file():
                yield target
