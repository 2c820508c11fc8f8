"""Paths that cannot be written are named in one line, whatever writes them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cgbench.core.atomic_io import atomic_folder, atomic_output
from cgbench.core.errors import InputError
from cgbench.core.file_lock import sole_writer

HOW: dict[str, Callable[[Path], Any]] = {
    "file": atomic_output,
    "folder": atomic_folder,
    "lock": sole_writer,
}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("place", ["a file is in the way", "a system that makes no files"])
def test_paths_that_cannot_be_written_are_named(how: str, place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    path = Path("/proc/cgbench/out") if "system" in place else tmp_path / "file/out"
    with pytest.raises(InputError, match=rf"{path}: cannot be written \(.+\); give a path"), HOW[how](path):
        pass
    assert (tmp_path / "file").read_text() == "kept"


def test_a_folder_is_not_overwritten_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "out.csv").mkdir()
    with (
        pytest.raises(InputError, match=r"out\.csv: cannot be written \(Is a directory\)"),
        atomic_output(tmp_path / "out.csv") as temporary,
    ):
        temporary.write_text("lost")
    assert list(tmp_path.iterdir()) == [tmp_path / "out.csv"]


def test_errors_of_the_writer_are_passed_on(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="another"), atomic_output(tmp_path / "out.csv"):
        raise FileNotFoundError("another file")
