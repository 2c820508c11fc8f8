"""Isolated calls cannot harm the calling process."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from cgbench.core.errors import InputError
from cgbench.core.subprocess_guard import MORE_MEMORY, CrashError, isolated

CPU_SECONDS = 1


def _refuse() -> None:
    raise InputError("no")


def _hang() -> None:
    while True:
        pass


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def test_results_and_exceptions_are_passed_on() -> None:
    size = 3_000_000  # more than a pipe holds
    np.testing.assert_array_equal(isolated(CPU_SECONDS, np.arange, size), np.arange(size))
    with pytest.raises(InputError, match="no"):
        isolated(CPU_SECONDS, _refuse)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (_crash, "crashed with SIGSEGV"),
        (_hang, "finished after 1 s"),
        (lambda: os._exit(3), "exit status 3"),
    ],
)
def test_a_crash_is_reported(call, said) -> None:
    with pytest.raises(CrashError, match=said):
        isolated(CPU_SECONDS, call)


def _leave_a_file_and_crash(path) -> None:
    path.write_text(tempfile.mkdtemp())
    _crash()


def test_temporary_files_of_a_crash_are_removed(tmp_path) -> None:
    with pytest.raises(CrashError):
        isolated(CPU_SECONDS, _leave_a_file_and_crash, tmp_path / "folder")
    folder = Path((tmp_path / "folder").read_text())
    assert not folder.exists()
    assert folder.parent != Path(tempfile.gettempdir())


def test_lack_of_memory_is_not_reported_as_damage() -> None:
    with pytest.raises(CrashError, match="killed") as told:
        isolated(CPU_SECONDS, lambda: os.kill(os.getpid(), signal.SIGKILL))
    assert told.value.cure == MORE_MEMORY
    with pytest.raises(CrashError) as told:
        isolated(CPU_SECONDS, _crash)
    assert "corrupt" in told.value.cure


def test_a_lower_limit_is_kept() -> None:
    code = (
        "import resource; from cgbench.core.subprocess_guard import isolated\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (50, 50))\n"
        "assert isolated(60, lambda: resource.getrlimit(resource.RLIMIT_CPU)) == (50, 50)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_changes_by_a_call_are_lost() -> None:
    before = os.environ.get("CHANGED")
    isolated(CPU_SECONDS, os.environ.__setitem__, "CHANGED", "yes")
    assert os.environ.get("CHANGED") == before


def test_only_processor_time_counts() -> None:
    isolated(CPU_SECONDS, time.sleep, 1.2)
