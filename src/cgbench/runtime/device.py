"""Device, threads and determinism of torch for one job."""

import functools
import os

import torch

from cgbench.core.errors import InputError
from cgbench.runtime.gpu_claim import Claim, lock_directory


def choose_device(device: str, uses_gpu: bool = True) -> str:
    """Choose ``"cpu"`` or ``"cuda"``.

    Jobs that do not use a GPU run on the CPU. If the process sees several GPUs, it claims one of them
    and makes it the current device.

    Raises
    ------
    InputError
        If the device is unknown, or ``"cuda"`` is requested and there is no usable GPU.
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
    """Claim one of the visible GPUs until this process ends."""
    # Unlike indices, UUIDs do not depend on CUDA_VISIBLE_DEVICES.
    devices = map(torch.cuda.get_device_properties, range(torch.cuda.device_count()))
    return Claim([str(device.uuid) for device in devices], lock_directory())


def set_up(seed: int, threads: int) -> None:
    """Set the number of CPU threads and the seed of torch, and choose deterministic kernels."""
    # cuBLAS is deterministic only with a workspace of fixed size, read when CUDA starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    # Operations without a deterministic kernel still run, with a warning in the log.
    # torch.use_deterministic_algorithms would also load the compiler, which takes more than a second.
    torch.set_deterministic_debug_mode("warn")
    # No code reads uninitialised memory, and filling it takes time at every step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def peak_gpu_mib(device: str) -> float | None:
    """Peak GPU memory of the tensors of this process, MiB; None on the CPU."""
    return round(torch.cuda.max_memory_allocated() / 2**20, 1) if device == "cuda" else None


def device_name(device: str) -> str:
    """Name of the GPU, or ``cpu``."""
    return torch.cuda.get_device_name() if device == "cuda" else "cpu"
