"""Every test that docs/faults.md names exists."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = [line for line in (ROOT / "docs/faults.md").read_text().splitlines() if line.startswith("| ")][1:]
NAMED = {tuple(name) for row in ROWS for name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)}


def test_every_fault_names_a_test() -> None:
    assert [row for row in ROWS if not re.search(r"`tests/[\w/]+\.py::test_\w+` \|$", row)] == []


def _tests(path: Path) -> set[tuple[str, str]]:
    """Path and name of every test function of a file."""
    functions = (node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef))
    return {(str(path.relative_to(ROOT)), node.name) for node in functions if node.name.startswith("test_")}


def test_named_tests_exist() -> None:
    assert set().union(*(_tests(ROOT / path) for path, _ in NAMED)) >= NAMED


def test_every_injected_fault_is_in_the_table() -> None:
    assert set().union(*map(_tests, (ROOT / "tests/faults").glob("test_*.py"))) <= NAMED
