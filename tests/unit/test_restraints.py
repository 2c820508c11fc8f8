"""Restraints: ranges of the training frames, volumes by hand, and chirality."""

import numpy as np
import pytest
import torch

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.nn.restraints import MAX_CONTACT, Restraints


@pytest.fixture
def restraints(alanine: Molecule, alanine_frames: Frames) -> Restraints:
    measured = Restraints(alanine)
    measured.fit(torch.as_tensor(alanine_frames.positions))
    return measured


def test_training_frames_are_within_the_ranges(restraints: Restraints, alanine_frames: Frames) -> None:
    frames = torch.as_tensor(alanine_frames.positions[:20])
    least, most = restraints.distance_bounds()
    distances = torch.linalg.norm(frames[:, :, None] - frames[:, None], dim=-1)
    assert (distances > least - 1e-5).all() and (distances < most + 1e-5).all()
    volumes, _ = restraints.volumes(frames)
    assert (volumes >= restraints.volume_range[0]).all() and (volumes <= restraints.volume_range[1]).all()


def test_ranges_are_infinite_before_the_fit(alanine: Molecule) -> None:
    restraints = Restraints(alanine)
    least, most = restraints.distance_bounds()
    assert (least == 0).all() and torch.isinf(most).all() and torch.isinf(restraints.volume_range).all()


def test_fitting_again_replaces_the_ranges(restraints: Restraints, alanine_frames: Frames) -> None:
    one = torch.as_tensor(alanine_frames.positions[:1])
    restraints.fit(one)
    i, j = alanine_frames.molecule.bonds[0]
    length = torch.linalg.norm(one[0, i] - one[0, j])
    least, most = restraints.distance_bounds()
    assert least[i, j] == most[i, j] == pytest.approx(float(length), rel=1e-6)


def test_near_pairs_have_both_bounds_of_their_own(restraints: Restraints, alanine: Molecule) -> None:
    least, most = restraints.distance_bounds()
    for i, j in np.concatenate((alanine.bonds, alanine.angle_ends)).tolist():
        assert 0.9 < least[i, j] < most[i, j] < 3.0
        assert (restraints.kind == restraints.kind[i, j]).sum() == 2, "the pair and its transpose"


def test_far_pairs_of_two_elements_are_one_kind(restraints: Restraints, alanine: Molecule) -> None:
    """Pairs four or more bonds apart have no upper bound and the lower bound of their elements."""
    least, most = restraints.distance_bounds()
    far = torch.isinf(most) & ~torch.eye(alanine.n_atoms, dtype=torch.bool)
    symbols = np.array(alanine.elements)
    hydrogens = torch.as_tensor(np.outer(symbols == "H", symbols == "H"))
    values = least[far & hydrogens].unique()
    assert len(values) == 1 and 1.5 < values < 2.5
    assert least[far].max() <= MAX_CONTACT


def test_volume_by_hand_and_its_slope(alanine: Molecule) -> None:
    restraints = Restraints(alanine).double()
    positions = torch.randn(2, alanine.n_atoms, 3, dtype=torch.float64, requires_grad=True)
    volumes, slopes = restraints.volumes(positions)
    a, b, c, d = positions.detach().numpy()[1, restraints.corners[0]]
    by_hand = np.linalg.det(np.stack((b - a, c - a, d - a)))
    assert volumes[1, 0].item() == pytest.approx(by_hand)
    (gradient,) = torch.autograd.grad(volumes[:, 0].sum(), positions)
    torch.testing.assert_close(gradient[:, restraints.corners[0]], slopes[:, 0])


def test_mirrored_frames_have_the_other_volumes(
    restraints: Restraints, alanine: Molecule, alanine_frames: Frames
) -> None:
    """Volumes of the four tetrahedra at every carbon with four neighbours change sign."""
    volumes, _ = restraints.volumes(-torch.as_tensor(alanine_frames.positions[:20]))
    least, most = restraints.volume_range
    degrees = torch.as_tensor([len(alanine.graph[int(centre)]) for centre in restraints.corners[:, 0]])
    assert (degrees == 4).sum() == 4 * 4, "two methyls at the ends, Cα and Cβ"
    assert (degrees == 3).sum() == 4, "C and N of two peptide groups"
    assert (least * most > 0)[degrees == 4].all(), "chirality is constant"
    assert (volumes * least < 0)[:, degrees == 4].all()
