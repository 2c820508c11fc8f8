"""Every test that docs/faults.md names exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [line for line in (ROOT / "docs/faults.md").read_text().splitlines() if line.startswith("| ")][1:]
NAMED = {tuple(name) for row in ROWS for name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_every_fault_names_a_test(row: str) -> None:
    assert re.search(r"`tests/[\w/]+\.py::test_\w+` \|$", row)


@pytest.mark.parametrize(("path", "name"), sorted(NAMED))
def test_named_tests_exist(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text())
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_injected_fault_is_in_the_table() -> None:
    injected = {
        (str(path.relative_to(ROOT)), node.name)
        for path in (ROOT / "tests/faults").glob("test_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert injected <= NAMED
