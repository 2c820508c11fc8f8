"""Molecules and frames that tests share; all come with the repository."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.chem.topology_io import read_topology
from cgbench.data.sources.bundled import BundledSettings, Source
from cgbench.mapping.base import Mapping
from cgbench.metrics.base import Evaluation

ROOT = Path(__file__).parents[1]

# Tests run side by side; threads of one would only wait for those of another.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def alanine_directory() -> Path:
    """Bundled folder of alanine dipeptide (22 atoms, several walkers)."""
    return ROOT / "workflow" / "resources" / "alanine_dipeptide"


@pytest.fixture(scope="session")
def alanine(alanine_directory: Path) -> Molecule:
    return read_topology(alanine_directory / "topology.pdb")


@pytest.fixture(scope="session")
def alanine_frames(alanine_directory: Path) -> Frames:
    """Every 250th bundled frame: a few dozen from each walker."""
    frames, _ = Source(BundledSettings(directory=str(alanine_directory), stride=250)).read()
    return frames


@pytest.fixture(scope="session")
def chignolin_frames(alanine_directory: Path) -> Frames:
    """Every 100th bundled frame of chignolin: some from each walker."""
    folder = alanine_directory.parent / "chignolin"
    frames, _ = Source(BundledSettings(directory=str(folder), stride=100)).read()
    return frames


@pytest.fixture(scope="session")
def three_beads(alanine: Molecule) -> Mapping:
    """Alanine dipeptide in one bead per residue."""
    return Mapping.centres(alanine.residue_index)


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
