"""docs/glossary.md has every name that tables show, and no page uses expressions that it replaces."""

import re
from pathlib import Path

import pytest

from cgbench.core import registry
from cgbench.results.tables import COLUMNS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/glossary.md").read_text()
NAMES = set(re.findall(r"`([^`]+)`", PAGE)) | set(re.findall(r"\[([^\]]+)\]\(", PAGE))
# Expressions without a meaning in the field; the glossary has the terms to use instead.
BANNED = [
    r"made whole(?! across)",  # "across the periodic boundary" is a term
    r"of the right hand",
    r"(?<!self\.)\bhandedness\b",  # `handedness` is a key in stored models
    r"second moments",
    r"best single answer",
    r"draws of the truth",
    r"remember each other",
    r"looking up training frames",
    r"no feat\b",
    r"\bbadness\b",
    r"asked of nobody",
    r"in 1 pieces",
    r"room on the disk",
    r"samples? owe",
    r"stands there twice",
    r"such as it is",
]
FOLDERS = ("src", "docs", "config", "workflow")
TEXTS = sorted(
    path
    for suffix in ("md", "rst", "py")
    for path in (
        *(path for path in ROOT.glob(f"*.{suffix}") if path.name != "CHANGELOG.md"),  # has old names
        *(path for folder in FOLDERS for path in (ROOT / folder).rglob(f"*.{suffix}")),
    )
)


@pytest.mark.parametrize("name", registry.names("metrics"))
def test_every_metric_is_in_the_glossary(name: str) -> None:
    assert name in NAMES


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_of_the_scores_is_in_the_glossary(column: str) -> None:
    assert column in NAMES


def test_every_row_has_a_term_and_a_meaning() -> None:
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in PAGE.splitlines() if line.startswith("| ")]
    assert {len(row) for row in rows} == {5}
    terms = [row[0].strip() for row in rows if row[0].strip() != "term"]
    assert len(terms) == len(set(terms))
    assert all(row[1].strip() for row in rows)


@pytest.mark.parametrize("expression", BANNED)
def test_no_text_uses_a_banned_expression(expression: str) -> None:
    # A line break in the middle of an expression does not hide it.
    pattern = re.compile(expression.replace(" ", r"[\s#]+"), flags=re.IGNORECASE)
    found = []
    for path in TEXTS:
        text = path.read_text()
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(f"{path.relative_to(ROOT)}:{line}")
    assert not found, f"replace {expression!r} by a term of docs/glossary.md:\n" + "\n".join(found)
