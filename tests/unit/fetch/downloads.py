"""What tests of downloads share: the facts of the file that is served, patience with servers, archives."""

import hashlib
import io
import subprocess
import sys
import tarfile
from dataclasses import replace

from faulty_server import CONTENT

from cgbench.data.download.checksums import Facts
from cgbench.data.download.retries import Patience

FACTS = Facts(bytes=len(CONTENT), md5=hashlib.md5(CONTENT).hexdigest())
CALM = Patience(
    silence_s=30, window_s=30, window_bytes=1000, attempts=3, first_wait_s=0.01, longest_wait_s=1.5
)
# For servers that stall. A busy machine may stall as long, so nothing else is timed by it.
HASTE = replace(CALM, silence_s=1.0, window_s=0.8)


def parts(folder):
    return [path for path in folder.rglob("*") if ".part" in path.name]


def start_download(url, target):
    code = (
        "import sys; from pathlib import Path; from cgbench.data.download.mirrors import download\n"
        "from cgbench.data.download.checksums import Facts\n"
        "from cgbench.data.download.retries import Patience\n"
        f"download([{url!r}], Path({str(target)!r}), Facts(md5={FACTS.md5!r}), Patience())"
    )
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)


def packed(path, *members):
    """Tar of pairs of name and content, where a dictionary stands for the fields of a special member."""
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
