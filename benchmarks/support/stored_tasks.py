"""The stored tasks: bundled frames, their folds and CGAE beads."""

from pathlib import Path

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.data.sources.bundled import BundledSettings, Source
from cgbench.data.stored_folds import StoredFolds
from cgbench.mapping.base import Mapping
from cgbench.mapping.stored import Generator, StoredSettings

RESOURCES = Path(__file__).parents[2] / "workflow" / "resources"


def bundled_frames(name: str) -> Frames:
    """Read bundled trajectories, ``chignolin_tuning`` for example."""
    return Source(BundledSettings(directory=str(RESOURCES / name))).read()[0]


def stored_folds(dataset: str) -> StoredFolds:
    """Read the folds of a dataset."""
    return StoredFolds.load(RESOURCES / "tasks" / dataset / "folds.json")


def stored_mapping(dataset: str, n_beads: int, molecule: Molecule) -> Mapping:
    """Read the CGAE beads of a dataset."""
    path = RESOURCES / "tasks" / dataset / f"cgae-{n_beads}.json"
    return Generator(StoredSettings(path=str(path))).generate(molecule, n_beads, 0)
