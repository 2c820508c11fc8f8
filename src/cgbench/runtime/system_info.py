"""What a bug report needs to know about an installation, and nothing about its owner."""

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
    """Gather versions, revision, machine, devices and room on disk, ready for JSON."""
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
        "cache": {"folder": _named(cache), "free_gib": _free_gib(cache)},
        "free_gib_here": _free_gib(Path.cwd()),
        "plug_ins": {kind: registry.names(kind) for kind in registry.KINDS},
    }


def _requirements() -> dict[str, str]:
    """Versions of all that the package asks for, where it is installed and not only on the path."""
    try:
        asked_for = importlib.metadata.requires("cgbench") or []
    except importlib.metadata.PackageNotFoundError:
        return {}
    names = [found[0] for line in asked_for if (found := re.match(r"[\w.-]+", line))]
    return {name: provenance.version(name) for name in sorted(set(names), key=str.lower)}


def _usable_cpus() -> int | None:
    """CPUs that this process may use, which a scheduler or a container can limit."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _free_gib(folder: Path) -> float:
    there = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
    return _gib(shutil.disk_usage(there).free)


def _named(folder: Path) -> str:
    """Say where a folder is without its path, which may name people, unless it is where it is by default."""
    default = Path.home() / ".cache/cgbench"
    return "~/.cache/cgbench" if folder == default else "elsewhere, by CGBENCH_CACHE"


def _gib(n_bytes: int) -> float:
    return round(n_bytes / 2**30, 1)
