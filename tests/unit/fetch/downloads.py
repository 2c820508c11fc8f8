"""Helpers of the tests of downloads: the file that is served, retry policies, archives."""

import hashlib
import io
import subprocess
import sys
import tarfile
from dataclasses import replace

from faulty_server import CONTENT

from cgbench.data.download.cache import FileInfo
from cgbench.data.download.transfer import RetryPolicy

INFO = FileInfo(bytes=len(CONTENT), md5=hashlib.md5(CONTENT).hexdigest())
POLICY = RetryPolicy(
    timeout_s=30, stall_window_s=30, stall_bytes=1000, attempts=3, first_wait_s=0.01, longest_wait_s=1.5
)
# For servers that stall. A busy machine may stall as long, so no other test uses it.
SHORT_TIMEOUTS = replace(POLICY, timeout_s=1.0, stall_window_s=0.8)


def parts(folder):
    return [path for path in folder.rglob("*") if ".part" in path.name]


def start_download(url, target):
    code = (
        "import sys; from pathlib import Path; from cgbench.data.download.mirrors import download\n"
        "from cgbench.data.download.cache import FileInfo\n"
        "from cgbench.data.download.transfer import RetryPolicy\n"
        f"download([{url!r}], Path({str(target)!r}), FileInfo(md5={INFO.md5!r}), RetryPolicy())"
    )
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)


def packed(path, *members):
    """Write a tar archive of pairs of name and content; special members have a dictionary of fields."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, dict):
                for key, value in content.items():
                    setattr(info, key, value)
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path
