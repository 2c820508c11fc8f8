"""Setting up torch for one job: device, threads, determinism."""

import functools
import os

import torch

from cgbench.core.errors import InputError
from cgbench.runtime.gpu_claim import Claim, lock_directory


def choose_device(device: str, uses_gpu: bool = True) -> str:
    """Resolve ``"auto"`` and refuse a device that is not there.

    What has no use for a GPU is computed on the CPU, whatever is asked for. Where this process sees
    several GPUs, ``"cuda"`` is from here on the one that it has claimed.

    Raises
    ------
    InputError
        If ``"cuda"`` is asked for and there is no usable GPU.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise InputError(f"device {device!r} is not known; use auto, cpu or cuda")
    if not uses_gpu:
        return "cpu"
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise InputError(
            "device 'cuda': torch sees no GPU here; use cpu or auto, or install a CUDA build of torch"
        )
    if device == "cpu" or not available:
        return "cpu"
    if torch.cuda.device_count() > 1:
        torch.cuda.set_device(_claim_gpu().index)
    return "cuda"


@functools.cache
def _claim_gpu() -> Claim:
    """Take one of the GPUs that are seen, once and until this process ends."""
    # Indices depend on CUDA_VISIBLE_DEVICES, and so on the process; these do not.
    devices = map(torch.cuda.get_device_properties, range(torch.cuda.device_count()))
    return Claim([str(device.uuid) for device in devices], lock_directory())


def set_up(seed: int, threads: int) -> None:
    """Make torch use ``threads`` CPU threads and the same random numbers and kernels every time."""
    # cuBLAS is deterministic only with a workspace of fixed size, read when CUDA starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    # Operations without a deterministic kernel still run, with a warning in the log.
    # torch.use_deterministic_algorithms would set a flag of the compiler too, which nothing here uses, and
    # load it for that: more than a second in every job.
    torch.set_deterministic_debug_mode("warn")
    # Nothing here reads memory before it is written; filling all of it first costs time at every step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def peak_gpu_mib(device: str) -> float | None:
    """Largest memory that tensors of this process have had on its GPU so far, MiB; None on the CPU."""
    return round(torch.cuda.max_memory_allocated() / 2**20, 1) if device == "cuda" else None


def device_name(device: str) -> str:
    """Name the hardware behind a resolved device."""
    return torch.cuda.get_device_name() if device == "cuda" else "cpu"
