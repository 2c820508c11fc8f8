"""Setting up torch for one job: device, threads, determinism."""

import os

import torch

from cgbench.errors import InputError


def choose_device(device: str) -> str:
    """Resolve ``"auto"`` and refuse a device that is not there.

    Raises
    ------
    InputError
        If ``"cuda"`` is asked for and there is no usable GPU.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise InputError(f"device {device!r} is not known; use auto, cpu or cuda")
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise InputError(
            "device 'cuda': torch sees no GPU here; use cpu or auto, or install a CUDA build of torch"
        )
    return "cuda" if device != "cpu" and available else "cpu"


def set_up(seed: int, threads: int) -> None:
    """Make torch use ``threads`` CPU threads and the same random numbers and kernels every time."""
    # cuBLAS is deterministic only with a workspace of fixed size, read when CUDA starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    # Operations without a deterministic kernel still run, with a warning in the log.
    torch.use_deterministic_algorithms(True, warn_only=True)


def device_name(device: str) -> str:
    """Name the hardware behind a resolved device."""
    return torch.cuda.get_device_name() if device == "cuda" else "cpu"
