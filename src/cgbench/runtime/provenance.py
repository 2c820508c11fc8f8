"""Provenance of results: software versions, git revision, machine and memory."""

import importlib.metadata
import platform
import resource
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cgbench

PACKAGES = ("torch", "numpy", "scipy", "mdtraj", "openmm", "networkx", "pandas", "snakemake")


def versions() -> dict[str, str]:
    """Versions of this package, Python and the packages that results depend on."""
    found = {"cgbench": cgbench.__version__, "python": platform.python_version()}
    return found | {package: version(package) for package in PACKAGES}


def version(package: str) -> str:
    """Version of an installed package, or ``not installed``."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def git_revision() -> dict[str, Any]:
    """Commit of the source tree, and whether it was changed since.

    Both are None if the package is not in a git work tree.
    """
    revision = _git("rev-parse", "HEAD")
    if revision is None:
        return {"revision": None, "dirty": None}
    # Untracked files count only inside the package, where they may be plug-ins.
    dirty = _git("status", "--porcelain", "--untracked-files=no") or _git("status", "--porcelain", "--", ".")
    return {"revision": revision, "dirty": bool(dirty)}


def machine() -> dict[str, str]:
    """Operating system and processor."""
    return {"system": f"{platform.system()} {platform.machine()}", "processor": _processor()}


def peak_mib() -> float:
    """Peak memory of this process, MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    bytes_per_unit = 1 if sys.platform == "darwin" else 1024
    return round(peak * bytes_per_unit / 2**20, 1)


def now() -> str:
    """Return the date and time (UTC, ISO 8601)."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _git(*arguments: str) -> str | None:
    command = ["git", "-C", str(Path(__file__).parent), *arguments]
    try:
        return subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
