"""Configurations in which YAML would read something else than what is written."""

from pathlib import Path

import pytest

from cgbench.core.errors import InputError
from cgbench.core.strict_yaml import read_yaml


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed: 1\nseed: 2", "line 2: key 'seed' occurs twice"),
        ("a: {b: 1,\n    b: 2}", "line 2: key 'b' occurs twice"),
        ('{"a": 1, "a": 2}', "line 1: key 'a' occurs twice"),
        ("seed: 0123", "line 1: 0123 is an octal number in YAML"),
        ("a: [1,\n -017]", "line 2: -017 is an octal number"),
        ("time: 4:00", "line 1: 4:00 is a number to the base 60"),
        ("time: 1:30.5", "1:30.5 is a number to the base 60"),
        ("a:\n\tb: 1", "line 2: .*; indent with spaces, not with tabs"),
    ],
)
def test_values_that_are_easily_misread_are_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=said) as caught:
        read_yaml(path)
    assert str(caught.value).startswith(f"{path}: not valid YAML: ")
    assert "\n" not in str(caught.value)


def test_everything_else_is_read_as_before(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "text: ['0123', '4:00', 2026-01-01T10:00]\n"
        "numbers: [0, 10, 0x1F, 1e5, 1.0e+5, 100_000, 0.5, 089]\n"
        "first: &first {a: 1, b: 2}\n"
        "second: {<<: *first, b: 3}\n"
        "third: {<<: *first, b: 4}\n"
    )
    read = read_yaml(path)
    assert read["text"][:2] == ["0123", "4:00"]
    assert read["numbers"] == [0, 10, 31, "1e5", 100000.0, 100000, 0.5, "089"]
    assert read["second"] == {"a": 1, "b": 3}
    assert read["third"] == {"a": 1, "b": 4}


def test_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("seed: 1", encoding="utf-16")
    with pytest.raises(InputError, match=r"mine\.yaml: not a text in UTF-8 .*; save it in this encoding"):
        read_yaml(path)
    path.write_text("seed: 1", encoding="utf-8-sig")
    assert read_yaml(path) == {"seed": 1}
