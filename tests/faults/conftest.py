"""Fixtures of the tests that break things."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from injection import SmallDisk

from cgbench.chem.frames import Frames
from cgbench.config.schema import Protocol
from cgbench.data.splits import make_split
from cgbench.mapping.base import Mapping


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    disk = SmallDisk(tmp_path / "disk")
    yield disk
    disk.remove()


@pytest.fixture(scope="session")
def task(
    alanine_frames: Frames, three_beads: Mapping, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, Path]:
    """Frames, split and mapping of a small task."""
    folder = tmp_path_factory.mktemp("task")
    paths = folder / "frames.npz", folder / "split.json", folder / "mapping.json"
    alanine_frames.save(paths[0])
    make_split(alanine_frames, Protocol(), 0, 2022).save(paths[1])
    three_beads.save(paths[2])
    return paths
