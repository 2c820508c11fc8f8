"""Excluded volume: nothing for what dynamics does, and by hand for atoms inside each other."""

import numpy as np
import pytest
import torch

from cgbench.frames import Frames
from cgbench.molecule import Molecule
from cgbench.nn.excluded_volume import ExcludedVolume


@pytest.fixture
def excluded(alanine: Molecule, alanine_frames: Frames) -> ExcludedVolume:
    return ExcludedVolume(alanine, alanine_frames.positions)


def test_frames_it_was_measured_on_pay_nothing(excluded: ExcludedVolume, alanine_frames: Frames) -> None:
    assert excluded(torch.as_tensor(alanine_frames.positions[:20])).max() == 0.0


def test_bonds_and_1_3_neighbours_are_not_its_business(excluded: ExcludedVolume, alanine: Molecule) -> None:
    pairs = {tuple(pair) for pair in excluded.pairs.T.tolist()}
    for i, j in np.concatenate((alanine.bonds, alanine.angle_ends)).tolist():
        assert (min(i, j), max(i, j)) not in pairs
    n = alanine.n_atoms
    assert len(pairs) == n * (n - 1) // 2 - len(alanine.bonds) - len(alanine.angle_ends)


def test_penalty_by_hand(excluded: ExcludedVolume, alanine: Molecule) -> None:
    """All atoms far apart but for one pair, 0.5 Å closer than its kind ever is."""
    (i, j), least = excluded.pairs[:, 7], float(excluded.least[7])
    positions = 100.0 * torch.arange(alanine.n_atoms * 3.0).reshape(1, -1, 3)
    positions[0, j] = positions[0, i] + torch.tensor([least - 0.5, 0.0, 0.0])
    assert float(excluded(positions)) == pytest.approx(0.25 / alanine.n_atoms, rel=1e-3)


def test_a_kind_is_two_elements_and_whether_they_are_1_4_neighbours(
    excluded: ExcludedVolume, alanine: Molecule
) -> None:
    """Hydrogens of one kind share their least distance, and 1-4 neighbours come closest."""
    symbols = np.array(alanine.elements)[excluded.pairs.numpy()]
    hydrogens = excluded.least[torch.as_tensor((symbols == "H").all(axis=0))]
    assert len(set(hydrogens.tolist())) == 2
    assert 1.5 < hydrogens.min() < hydrogens.max() < 3.0
