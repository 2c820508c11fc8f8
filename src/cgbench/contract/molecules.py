"""Bundled molecules and frames that the tests share."""

from pathlib import Path

import pytest

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.chem.topology_io import read_topology
from cgbench.core.settings import or_in_checkout
from cgbench.data.sources.bundled import BundledSettings, Source
from cgbench.mapping.base import Mapping


@pytest.fixture(scope="session")
def alanine_directory() -> Path:
    """Bundled folder of alanine dipeptide (22 atoms, several walkers)."""
    return or_in_checkout("workflow/resources/alanine_dipeptide").absolute()


@pytest.fixture(scope="session")
def alanine(alanine_directory: Path) -> Molecule:
    """Topology of 22 atoms."""
    return read_topology(alanine_directory / "topology.pdb")


@pytest.fixture(scope="session")
def alanine_frames(alanine_directory: Path) -> Frames:
    """Every 250th bundled frame: a few dozen from each walker."""
    frames, _ = Source(BundledSettings(directory=str(alanine_directory), stride=250)).read()
    return frames


@pytest.fixture(scope="session")
def chignolin_frames(alanine_directory: Path) -> Frames:
    """Read the first bundled frame of every walker of chignolin."""
    folder = alanine_directory.parent / "chignolin"
    frames, _ = Source(BundledSettings(directory=str(folder), stride=100)).read()
    return frames


@pytest.fixture(scope="session")
def three_beads(alanine: Molecule) -> Mapping:
    """Alanine dipeptide in one bead per residue."""
    return Mapping.centres(alanine.residue_index)
