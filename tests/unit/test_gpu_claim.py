"""Jobs on one machine share its GPUs evenly, and a killed job releases its GPU."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from cgbench.runtime import device as runtime
from cgbench.runtime.gpu_claim import Claim

GPUS = ["GPU-a", "GPU-b"]
HOLD = """
import sys
from pathlib import Path
from cgbench.runtime.gpu_claim import Claim
claim = Claim(sys.argv[2:], Path(sys.argv[1]))
print(claim.index, flush=True)
sys.stdin.read()
"""
Job = subprocess.Popen[str]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], tuple[Job, int]]]:
    """Start a process that claims a GPU and holds it; which one is returned."""
    jobs: list[Job] = []

    def start() -> tuple[Job, int]:
        job = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path), *GPUS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        jobs.append(job)
        assert job.stdout
        return job, int(job.stdout.readline())

    yield start
    for job in jobs:
        job.kill()
        job.communicate()


def test_each_job_has_its_own_gpu_while_there_are_enough(
    start: Callable[[], tuple[Job, int]], tmp_path: Path
) -> None:
    (first, index), (_, other) = start(), start()
    assert (index, other) == (0, 1)
    first.kill()
    first.wait()
    assert Claim(GPUS, tmp_path).index == 0, "a killed job still holds its GPU"


def test_more_jobs_than_gpus_are_spread_evenly(tmp_path: Path) -> None:
    claims = [Claim(GPUS, tmp_path) for _ in range(5)]
    assert [claim.index for claim in claims] == [0, 1, 0, 1, 0]
    claims[3].release()
    assert Claim(GPUS, tmp_path).index == 1


@pytest.fixture
def two_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Pretend that torch sees two GPUs; yields the indices that are made current."""
    current: list[int] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda k: SimpleNamespace(uuid=GPUS[k]))
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    monkeypatch.setattr(runtime, "lock_directory", lambda: tmp_path)
    runtime._claim_gpu.cache_clear()
    yield current
    runtime._claim_gpu.cache_clear()


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_job_computes_on_the_gpu_that_is_free(two_gpus: list[int], tmp_path: Path, device: str) -> None:
    held = Claim(GPUS, tmp_path)
    assert held.index == 0
    assert runtime.choose_device(device) == "cuda"
    assert runtime.choose_device(device) == "cuda"
    assert two_gpus == [1, 1], "one process keeps the GPU it has"


def test_job_on_the_cpu_claims_no_gpu(two_gpus: list[int], tmp_path: Path) -> None:
    assert runtime.choose_device("cpu") == "cpu"
    assert runtime.choose_device("auto", uses_gpu=False) == "cpu"
    assert not two_gpus
    assert not list(tmp_path.iterdir())


def test_peak_memory_of_a_gpu_in_mib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 3 * 2**20 + 2**19)
    assert runtime.peak_gpu_mib("cuda") == 3.5
    assert runtime.peak_gpu_mib("cpu") is None
