"""Faults for real: a full disk, and processes that are killed."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


class SmallDisk:
    """A file system of its own that can be filled to the last byte.

    Where none may be mounted, a limit on the size of files stands in for the full disk.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
        self.mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
        self.limit = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self) -> None:
        if not self.mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, self.limit[1]))
            return
        with (self.folder / "filler").open("wb", buffering=0) as filler:
            try:
                while filler.write(bytes(4096)):
                    pass
            except OSError:
                pass

    def make_room(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self.limit)
        (self.folder / "filler").unlink(missing_ok=True)

    def remove(self) -> None:
        self.make_room()
        if self.mounted:
            subprocess.run(["umount", str(self.folder)], check=True)


def kill_when(ready: Callable[[], bool], *arguments: str) -> None:
    """Start a verb of the command line and send it SIGKILL once something is so."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cgbench", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    deadline = time.monotonic() + 120
    while not ready():
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline, "it did not get so far in two minutes"
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL
