"""Molecules and frames that tests share; all come with the repository."""

import os
from pathlib import Path

import mdtraj
import numpy as np
import pytest
import torch

from cgbench.chem.molecule import Molecule
from cgbench.chem.topology_io import read_topology
from cgbench.core.settings import parse_settings
from cgbench.metrics.base import Evaluation
from cgbench.simulation.recipe import Recipe
from cgbench.simulation.structure import build_structure

SEQUENCE = "YYDPETGTWYAKLVNSQRFHIMG"

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


@pytest.fixture(scope="session")
def protein(tmp_path_factory: pytest.TempPathFactory) -> tuple[Molecule, np.ndarray]:
    """Molecule of 78 residues and 30 frames [30, n_atoms, 3] of noise about an extended chain, Å."""
    path = tmp_path_factory.mktemp("protein") / "start.pdb"
    start = {"kind": "torsions", "phi": -75, "psi": 65}
    recipe = {"title": "t", "sequence": (4 * SEQUENCE)[:76], "walkers": 1, "starts": [start]}
    build_structure(parse_settings(Recipe, recipe | {"frames_per_walker": 1}, "recipe"), path)
    positions = 10 * mdtraj.load_pdb(str(path)).xyz[0]
    noise = np.random.default_rng(0).normal(scale=0.1, size=(30, *positions.shape))
    return read_topology(path), (positions + noise).astype(np.float32)
