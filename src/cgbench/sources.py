"""Which files a plug-in's results depend on, so that an edit repeats those results and no others."""

import ast
from collections.abc import Iterator
from pathlib import Path

import cgbench
from cgbench import plugins

PACKAGE = Path(cgbench.__file__).parent
# Parts that plug-ins are made of, beside the plug-ins themselves. The rest of the package (frames,
# contracts, files) is everyone's: following it too would repeat everything for any edit.
SHARED_ROOMS = ("nn",)


def source_files(room: str, name: str) -> list[Path]:
    """File of a plug-in and of the parts that it imports, directly or through each other.

    Raises
    ------
    InputError
        If there is no such plug-in.
    """
    found: dict[Path, None] = {}
    waiting = [plugins.source_file(room, name)]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path] = None
            waiting += _imported(path, (room, *SHARED_ROOMS))
    return list(found)


def _imported(path: Path, rooms: tuple[str, ...]) -> Iterator[Path]:
    """Files of the modules in ``rooms`` that a file imports."""
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
            if (
                top == "cgbench"
                and target.parent.name in rooms
                and target.stem != "base"
                and target.is_file()
            ):
                yield target
