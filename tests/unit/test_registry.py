"""Plug-ins of one file each, and families of several in one file."""

from pathlib import Path

import pytest

from cgbench.core import registry
from cgbench.core.errors import InputError

FAMILY = 'class A: ...\nclass B: ...\nMETRICS = {"toy_a": A, "toy_b": B}\n'


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Package of metrics with a family, a single metric, a helper and a base class."""
    folder = tmp_path / f"plug_ins_{tmp_path.name}"
    folder.mkdir()
    for name, text in (("__init__", ""), ("base", ""), ("_helper", ""), ("family", FAMILY)):
        (folder / f"{name}.py").write_text(text)
    (folder / "single.py").write_text("class Metric: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(registry.KINDS, "metrics", registry.Kind(folder.name, "Metric", "METRICS"))
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


@pytest.mark.parametrize("text", ["class", "METRICS = {print(): 1}", "METRICS = {**others}"])
def test_keys_that_cannot_be_read_are_refused(package: Path, text: str) -> None:
    (package / "unreadable.py").write_text(text)
    with pytest.raises(InputError, match=r'unreadable\.py: cannot be read .* write METRICS = {"key": Class}'):
        registry.names("metrics")
