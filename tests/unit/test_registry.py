"""Plug-ins of one file each, and families of several in one file."""

from pathlib import Path

import pytest

from cgbench.core import registry
from cgbench.core.errors import InputError

BASE = "class Base: ...\n"
SINGLE = "from .base import Base\n\nclass Metric(Base): ...\n"
FAMILY = """
from .base import Base

class A(Base): ...
class B(Base): ...
METRICS = {"toy_a": A, "toy_b": B}
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Package of metrics with a family, a single metric, a helper and a base class."""
    folder = tmp_path / f"plug_ins_{tmp_path.name}"
    folder.mkdir()
    for name, text in (("__init__", ""), ("base", BASE), ("_helper", ""), ("family", FAMILY)):
        (folder / f"{name}.py").write_text(text)
    (folder / "single.py").write_text(SINGLE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(registry.KINDS, "metrics", registry.Kind(folder.name, "metrics", "Metric", "METRICS"))
    return folder


def test_a_file_defines_one_class_or_a_family(package: Path) -> None:
    assert registry.names("metrics") == ["single", "toy_a", "toy_b"]
    assert registry.load("metrics", "single").__name__ == "Metric"
    assert registry.load("metrics", "toy_b").__name__ == "B"
    assert registry.source_file("metrics", "toy_a") == package / "family.py"


def test_names_import_no_plug_in(package: Path) -> None:
    (package / "broken.py").write_text("raise RuntimeError\n")
    assert "broken" in registry.names("metrics")


def test_a_key_in_two_files_is_refused(package: Path) -> None:
    (package / "toy_a.py").write_text("class Metric: ...\n")
    with pytest.raises(InputError, match=r"already defines 'toy_a'; rename one of them"):
        registry.names("metrics")


def test_a_file_without_the_class_is_named(package: Path) -> None:
    (package / "empty.py").write_text("")
    with pytest.raises(InputError, match=r"empty\.py: defines no class Metric; add it"):
        registry.load("metrics", "empty")
    with pytest.raises(InputError, match=r"no metrics plug-in 'absent'; there are: .* toy_b"):
        registry.load("metrics", "absent")
    with pytest.raises(InputError, match=r"'nearest_frames'; did you mean 'nearest_frame'\?"):
        registry.load("methods", "nearest_frames")


def test_a_class_of_another_kind_is_refused(package: Path) -> None:
    (package / "alone.py").write_text("class Metric: ...\n")
    with pytest.raises(InputError, match=r"alone\.py: the class of 'alone' has no base class of .*\.base; "):
        registry.load("metrics", "alone")


def test_a_file_that_cannot_be_imported_is_named_with_the_line(package: Path) -> None:
    (package / "broken.py").write_text("X = 1\nimport absent_module\n")
    with pytest.raises(InputError, match=r"broken\.py: line 2: cannot be imported .*absent_module.*; corr"):
        registry.load("metrics", "broken")


@pytest.mark.parametrize("text", ["class", "METRICS = {print(): 1}", "METRICS = {**others}"])
def test_keys_that_cannot_be_read_are_refused(package: Path, text: str) -> None:
    (package / "unreadable.py").write_text(text)
    with pytest.raises(InputError, match=r'unreadable\.py: cannot be read .* write METRICS = {"key": Class}'):
        registry.names("metrics")
