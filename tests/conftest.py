"""Molecules and frames that tests share; all come with the repository."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from cgbench.metrics.base import Evaluation

# Tests run side by side; threads of one would only wait for those of another.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of trajectories that are not part of the repository; tests that need it skip without."""
    folder = os.environ.get("CGBENCH_SHARED_DATA")
    if folder is None:
        pytest.skip(
            "these trajectories are not part of the repository; set CGBENCH_SHARED_DATA to their folder"
        )
    return Path(folder)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(2022)


@pytest.fixture
def random_evaluation(alanine_frames, three_beads, rng):
    """Alanine dipeptide, 5 samples per frame, wrong enough that bonds break and form."""
    reference = alanine_frames.positions[:20]
    noise = rng.normal(scale=0.4, size=(20, 5, 22, 3)).astype(np.float32)
    return Evaluation(
        reference,
        reference + noise[:, 0] / 2,
        reference[:, None] + noise,
        alanine_frames.molecule,
        three_beads,
    )
