"""What all measured throughputs have in common: the case, its data, how a rate is taken."""

import resource
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cgbench.chem.molecule import Molecule
from cgbench.config.loader import Config
from cgbench.core import registry
from cgbench.data.sources.bundled import BundledSettings, Source
from cgbench.mapping.base import Mapping

ROOT = Path(__file__).parents[2]
RESOURCES = ROOT / "workflow/resources"
N_FRAMES, N_SAMPLES = 2000, 8
EPOCHS = 3  # the first warms up
EPOCH_SECONDS = 3.0  # about, where that is more than a step
MOST_STEPS = 60
SEED = 2022


@dataclass(frozen=True)
class Case:
    """One row: a method with settings on a molecule, on threads of a process or of several."""

    label: str
    molecule: str = "alanine_dipeptide"
    n_beads: int = 6
    method: str = "cgvae"
    settings: dict[str, Any] = field(default_factory=dict)
    threads: int = 1
    processes: int = 1
    authors: str = ""  # path of a clone, where the authors' code is what is timed


@dataclass(frozen=True)
class Cost:
    """Frames/s in training, geometries/s in sampling, peak MiB of the process."""

    training: float
    sampling: float
    memory: float


_gates: list[threading.Barrier] = []


def share_gate(gate: threading.Barrier) -> None:
    """Let this process wait for others at ``gate`` before it is timed."""
    _gates.append(gate)


def wait_for_others() -> None:
    """Wait until every process that runs beside this one is about to be timed."""
    for gate in _gates:
        gate.wait()


def now(case: Case) -> float:
    """Seconds on the clock of a case.

    That of the processor where there is one thread, so that other work on the machine hardly matters;
    threads that wait for each other use little of it, and are timed by the clock on the wall.
    """
    return time.process_time() if case.threads == 1 else time.perf_counter()


def load(name: str, n_beads: int) -> tuple[Molecule, np.ndarray, Mapping]:
    """Molecule, some of its frames, and a mapping of contiguous pieces of the chain."""
    frames, _ = Source(BundledSettings(directory=str(RESOURCES / name))).read()
    chosen = frames.positions[np.linspace(0, len(frames.positions) - 1, N_FRAMES).astype(int)]
    generator = registry.load("mapping", "backbone")
    return frames.molecule, chosen, generator(generator.Settings()).generate(frames.molecule, n_beads, SEED)


def configured(method: str, molecule: str) -> dict[str, Any]:
    """Give the settings of a method in the default run, but for the lengths of its trainings."""
    config = Config.load(ROOT / "config/config.yaml", ROOT / "config/simulations.yaml")
    return config.method(method, molecule).settings.model_dump(exclude={"epochs"})


def training_rate(epochs: Callable[[int], list[float]], batch_size: int) -> float:
    """Frames/s in the fastest epoch.

    Parameters
    ----------
    epochs
        From a number of steps to the seconds of epochs of so many, after one that warms up.
    """
    one_step = min(epochs(1))
    n_steps = int(np.clip(EPOCH_SECONDS / one_step, 1, MOST_STEPS))
    wait_for_others()
    return n_steps * batch_size / min(epochs(n_steps))


def peak_memory() -> float:
    """Largest resident size of this process so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
