"""Two processes with one output: the second refuses or waits, and a killed one holds no lock."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cgbench.core.errors import InputError
from cgbench.core.file_lock import sole_writer

HOLD = """
import sys, time
from pathlib import Path
from cgbench.core.file_lock import sole_writer
with sole_writer(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path: Path):
    command = [sys.executable, "-c", HOLD, str(tmp_path / "run" / "scratch")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_second_process_is_refused(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    with (
        pytest.raises(
            InputError, match=r"run/scratch: another process is working on it .*wait for it to end"
        ),
        sole_writer(tmp_path / "run" / "scratch"),
    ):
        pass
    with sole_writer(tmp_path / "run" / "other"):
        pass


def test_the_second_process_waits_if_told_to(
    holder: subprocess.Popen[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    threading.Timer(0.3, holder.kill).start()
    with sole_writer(tmp_path / "run" / "scratch", wait=True):
        assert holder.wait() != 0
    assert "waiting for it to end" in capsys.readouterr().err


def test_a_killed_process_leaves_no_lock(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    holder.kill()
    holder.wait()
    with sole_writer(tmp_path / "run" / "scratch"):
        assert (tmp_path / "run" / "scratch.lock").exists()
    assert not list((tmp_path / "run").iterdir())
