"""What torch.compile is worth in training, its warm-up included.

    python benchmarks/compiling.py

Encoder, prior and decoder are compiled, with the C++ compiler of the machine, and trained. A row says how
fast a method trains on one thread as it is and compiled, how many seconds later on the wall its first epoch
is over, and how many seconds of training as it is must lie ahead to earn them back.
"""

import argparse
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import torch
from support.timing import SEED, Case, configured, load

from cgbench.core import registry
from cgbench.core.training_context import TrainingContext
from cgbench.nn.task_facts import TaskFacts
from cgbench.runtime import device as runtime

STEPS, EPOCHS = 40, 4
CASES = [
    Case("alanine dipeptide, 6 beads"),
    Case("chignolin, 12 beads", "chignolin", 12),
    Case("chignolin, 12 beads", "chignolin", 12, "cgvae_e3nn"),
]
PARTS = ("prior", "posterior", "decode")


def measure(case: Case, compiled: bool) -> tuple[float, float]:
    """Frames/s of the fastest epoch, and seconds that the first takes longer; in a fresh process."""
    warnings.simplefilter("ignore")
    runtime.set_up(SEED, 1)
    molecule, frames, mapping = load(case.molecule, case.n_beads)
    method = registry.load("methods", case.method)

    class Observables(method):  # type: ignore[misc, valid-type]
        """The method, with a network whose parts are compiled."""

        def new_network(self) -> Any:
            network = super().new_network()
            for part in PARTS if compiled else ():
                setattr(network, part, torch.compile(getattr(network, part)))
            return network

    chosen = configured(case.method, case.molecule) | {"epochs": EPOCHS}
    settings = method.Settings.model_validate(chosen).resolved(TaskFacts.of(mapping, frames))
    ends = [time.perf_counter()]
    context = TrainingContext(seed=SEED, observer=lambda history: ends.append(time.perf_counter()))
    n_frames = STEPS * settings.batch_size
    Observables(settings, mapping, molecule).fit(
        np.resize(frames, (n_frames, *frames.shape[1:])), frames[: settings.batch_size], context
    )
    seconds = np.diff(ends)
    return n_frames / seconds[1:].min(), seconds[0] - seconds[1:].min()


def table() -> str:
    """Markdown, a row for every case."""
    rows = []
    for case in CASES:
        print(f"{case.method}, {case.label} ...", file=sys.stderr)
        costs = []
        for compiled in (False, True):
            fresh = multiprocessing.get_context("spawn")
            # What an earlier run has compiled would be found where it usually is.
            with tempfile.TemporaryDirectory() as cache, ProcessPoolExecutor(1, fresh) as pool:
                os.environ["TORCHINDUCTOR_CACHE_DIR"] = cache
                costs.append(pool.submit(measure, case, compiled).result())
        (plain, start), (fast, warm_up) = costs
        gain = fast / plain
        rows.append(
            {
                "": f"`{case.method}`, {case.label}",
                "as it is (frames/s)": plain,
                "compiled": fast,
                "warm-up (s)": warm_up - start,
                "earned back after (s)": (warm_up - start) / (1 - 1 / gain) if gain > 1 else np.inf,
            }
        )
    return str(pd.DataFrame(rows).to_markdown(index=False, floatfmt=".3g"))


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    if shutil.which("c++") or shutil.which("g++"):
        print(table())
    else:
        print("not measured: torch.compile needs a C++ compiler for the CPU, and there is none")
