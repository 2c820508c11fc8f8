"""Hydrogens in the opposite order, and other mirror images, in some of the trajectories are found."""

import json
from pathlib import Path

import mdtraj
import numpy as np
import pytest

from cgbench.chem.frames import Frames
from cgbench.chem.mdtraj_topology import molecule_to_mdtraj
from cgbench.chem.molecule import Molecule
from cgbench.core.registry import PlugIn
from cgbench.data.mirrored_centres import mirrored_centres
from cgbench.data.prepare import prepared
from cgbench.data.sources.bundled import BundledSettings, Source

FILES = ["a.xtc", "b.xtc", "c.xtc"]
BUNDLES = sorted((Path(__file__).parents[2] / "workflow/resources").glob("*/card.json"))


@pytest.fixture
def frames(alanine_frames: Frames) -> Frames:
    """Three trajectories of 40 frames."""
    chosen = alanine_frames.take(np.arange(120))
    return Frames(chosen.positions.copy(), np.repeat([0, 1, 2], 40), chosen.time, chosen.molecule)


@pytest.fixture
def methyl(alanine: Molecule) -> list[int]:
    """Hydrogens at the Cβ of alanine."""
    beta = alanine.atom_names.index("CB")
    return [atom for atom in sorted(alanine.graph[beta]) if alanine.elements[atom] == "H"]


def test_one_molecule_is_no_warning(frames: Frames) -> None:
    assert mirrored_centres(frames, FILES) == []


@pytest.mark.parametrize("number", [0, 1, 2])
def test_exchanged_hydrogens_are_found(frames: Frames, methyl: list[int], number: int) -> None:
    """The trajectories that differ from the first are named, with the atom."""
    rows = np.flatnonzero(frames.trajectory == number)
    frames.positions[np.ix_(rows, methyl[:2])] = frames.positions[np.ix_(rows, methyl[1::-1])]
    (warning,) = mirrored_centres(frames, FILES)
    named = ["b.xtc", "c.xtc"] if number == 0 else [FILES[number]]
    for name in FILES[1:]:
        assert (f"{name} (ALA2 CB)" in warning) == (name in named)
    assert warning.count("ALA2") == len(named)


def test_a_turned_methyl_group_is_the_same(frames: Frames, methyl: list[int]) -> None:
    rows = np.flatnonzero(frames.trajectory == 1)
    frames.positions[np.ix_(rows, methyl)] = frames.positions[np.ix_(rows, [*methyl[1:], methyl[0]])]
    assert mirrored_centres(frames, FILES) == []


def test_a_mirrored_molecule_is_found(frames: Frames) -> None:
    frames.positions[frames.trajectory == 2] *= -1
    (warning,) = mirrored_centres(frames, FILES)
    assert "c.xtc (" in warning
    assert "b.xtc" not in warning


def test_one_trajectory_has_nothing_to_differ_from(frames: Frames) -> None:
    assert mirrored_centres(frames.take(frames.trajectory == 0), FILES) == []


@pytest.mark.parametrize("card", BUNDLES, ids=lambda card: card.parent.name)
def test_walkers_of_a_bundle_have_one_order(card: Path) -> None:
    frames, _ = Source(BundledSettings(directory=str(card.parent))).read()
    names = [str(number) for number in range(int(frames.trajectory.max()) + 1)]
    assert mirrored_centres(frames, names) == []


def test_preparation_warns_of_files_that_differ(
    frames: Frames, methyl: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = np.flatnonzero(frames.trajectory == 1)
    frames.positions[np.ix_(rows, methyl[:2])] = frames.positions[np.ix_(rows, methyl[1::-1])]
    topology = molecule_to_mdtraj(frames.molecule)
    for number, name in enumerate(FILES):
        mdtraj.Trajectory(frames.positions[frames.trajectory == number] / 10, topology).save_xtc(name)
    mdtraj.Trajectory(frames.positions[:1] / 10, topology).save_pdb("topology.pdb")
    source = {"use": "files", "settings": {"topology": "topology.pdb", "trajectories": FILES}}
    with pytest.warns(UserWarning, match=r"mirror image of those in a.xtc: b.xtc \(ALA2 CB\)\."):
        prepared(PlugIn.from_json("sources", json.dumps(source)))
