"""A method of this package, trained and sampled from as `cgbench` does."""

import numpy as np
from support.timing import (
    EPOCH_SECONDS,
    EPOCHS,
    N_SAMPLES,
    SEED,
    Case,
    Cost,
    load,
    now,
    peak_memory,
    training_rate,
    wait_for_others,
)

from cgbench.core import registry
from cgbench.core.training_context import TrainingContext
from cgbench.nn.task_facts import TaskFacts


def measure(case: Case) -> Cost:
    """Train on bundled frames, then sample from the beads of frames to arrays."""
    molecule, frames, mapping = load(case.molecule, case.n_beads)
    method = registry.load("methods", case.method)
    settings = method.Settings(**{**case.settings, "epochs": EPOCHS}).resolved(TaskFacts.of(mapping, frames))
    model = method(settings, mapping, molecule)

    def epochs(n_steps: int) -> list[float]:
        n_frames = n_steps * settings.batch_size
        ends: list[float] = []

        context = TrainingContext(seed=SEED, observer=lambda history: ends.append(now(case)))
        # One frame is validated, because at least one must be.
        model.fit(np.resize(frames, (n_frames, *frames.shape[1:])), frames[:1], context)
        return list(np.diff(ends))

    training = training_rate(epochs, settings.batch_size)
    beads = mapping.beads(frames)

    def sampling_rate(n_frames: int) -> float:
        start = now(case)
        model.sample(beads[:n_frames], N_SAMPLES, SEED)
        return n_frames * N_SAMPLES / (now(case) - start)

    n_frames = int(np.clip(sampling_rate(8) * EPOCH_SECONDS / N_SAMPLES, 8, len(beads)))
    wait_for_others()
    return Cost(training, max(sampling_rate(n_frames) for _ in range(2)), peak_memory())
