"""Information about the installation for bug reports, without personal data."""

import importlib.metadata
import os
import platform
import re
import shutil
from pathlib import Path
from typing import Any

import torch

from cgbench.core import registry
from cgbench.data.download.cache import cache_folder
from cgbench.runtime import device as runtime
from cgbench.runtime import provenance


def diagnosis() -> dict[str, Any]:
    """Collect versions, git revision, machine, devices and free disk space, for JSON."""
    cache = cache_folder()
    return {
        "versions": provenance.versions() | _requirements(),
        "git": provenance.git_revision(),
        "platform": platform.platform(),
        "machine": provenance.machine(),
        "cpus": os.cpu_count(),
        "usable_cpus": _usable_cpus(),
        "memory_gib": _gib(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")),
        "device": runtime.device_name(runtime.choose_device("auto")),
        "torch_threads": torch.get_num_threads(),
        "cuda": {
            "build": torch.version.cuda,
            "devices": [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())],
        },
        "cache": {"folder": _described(cache), "free_gib": _free_gib(cache)},
        "free_gib_here": _free_gib(Path.cwd()),
        "plug_ins": {kind: registry.names(kind) for kind in registry.KINDS},
    }


def _requirements() -> dict[str, str]:
    """Versions of the requirements of the package; empty if it is not installed but only on the path."""
    try:
        required = importlib.metadata.requires("cgbench") or []
    except importlib.metadata.PackageNotFoundError:
        return {}
    names = [found[0] for line in required if (found := re.match(r"[\w.-]+", line))]
    return {name: provenance.version(name) for name in sorted(set(names), key=str.lower)}


def _usable_cpus() -> int | None:
    """Count the CPUs that this process may use, which a scheduler or container may limit."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _free_gib(folder: Path) -> float:
    existing = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
    return _gib(shutil.disk_usage(existing).free)


def _described(folder: Path) -> str:
    """Describe a folder without its path, which may contain names of people."""
    default = Path.home() / ".cache/cgbench"
    return "~/.cache/cgbench" if folder == default else "elsewhere (CGBENCH_CACHE)"


def _gib(n_bytes: int) -> float:
    return round(n_bytes / 2**30, 1)
