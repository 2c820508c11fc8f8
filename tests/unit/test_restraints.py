"""Bounds: what frames have is within them, by hand what is not; tetrahedra tell left from right."""

import numpy as np
import pytest
import torch

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.nn.restraints import APART, Bounds


@pytest.fixture
def bounds(alanine: Molecule, alanine_frames: Frames) -> Bounds:
    measured = Bounds(alanine)
    measured.measure(torch.as_tensor(alanine_frames.positions))
    return measured


def test_frames_they_were_measured_on_are_within(bounds: Bounds, alanine_frames: Frames) -> None:
    frames = torch.as_tensor(alanine_frames.positions[:20])
    least, most = bounds.distances()
    distances = torch.linalg.norm(frames[:, :, None] - frames[:, None], dim=-1)
    assert (distances > least - 1e-5).all() and (distances < most + 1e-5).all()
    volumes, _ = bounds.volumes(frames)
    assert (volumes >= bounds.volume_range[0]).all() and (volumes <= bounds.volume_range[1]).all()


def test_anything_is_within_before_they_are_measured(alanine: Molecule) -> None:
    bounds = Bounds(alanine)
    least, most = bounds.distances()
    assert (least == 0).all() and torch.isinf(most).all() and torch.isinf(bounds.volume_range).all()


def test_measuring_again_forgets(bounds: Bounds, alanine_frames: Frames) -> None:
    one = torch.as_tensor(alanine_frames.positions[:1])
    bounds.measure(one)
    i, j = alanine_frames.molecule.bonds[0]
    length = torch.linalg.norm(one[0, i] - one[0, j])
    least, most = bounds.distances()
    assert least[i, j] == most[i, j] == pytest.approx(float(length), rel=1e-6)


def test_near_pairs_have_both_bounds_of_their_own(bounds: Bounds, alanine: Molecule) -> None:
    least, most = bounds.distances()
    for i, j in np.concatenate((alanine.bonds, alanine.angle_ends)).tolist():
        assert 0.9 < least[i, j] < most[i, j] < 3.0
        assert (bounds.kind == bounds.kind[i, j]).sum() == 2, "a pair and its mirror image in the matrix"


def test_far_pairs_of_two_elements_are_one_kind(bounds: Bounds, alanine: Molecule) -> None:
    """What is four bonds apart or more may meet: no greatest distance, and the least of its kind."""
    least, most = bounds.distances()
    far = torch.isinf(most) & ~torch.eye(alanine.n_atoms, dtype=torch.bool)
    symbols = np.array(alanine.elements)
    hydrogens = torch.as_tensor(np.outer(symbols == "H", symbols == "H"))
    values = least[far & hydrogens].unique()
    assert len(values) == 1 and 1.5 < values < 2.5
    assert least[far].max() <= APART


def test_volume_by_hand_and_its_slope(alanine: Molecule) -> None:
    bounds = Bounds(alanine).double()
    positions = torch.randn(2, alanine.n_atoms, 3, dtype=torch.float64, requires_grad=True)
    volumes, slopes = bounds.volumes(positions)
    a, b, c, d = positions.detach().numpy()[1, bounds.corners[0]]
    by_hand = np.linalg.det(np.stack((b - a, c - a, d - a)))
    assert volumes[1, 0].item() == pytest.approx(by_hand)
    (gradient,) = torch.autograd.grad(volumes[:, 0].sum(), positions)
    torch.testing.assert_close(gradient[:, bounds.corners[0]], slopes[:, 0])


def test_mirrored_frames_have_the_other_volumes(
    bounds: Bounds, alanine: Molecule, alanine_frames: Frames
) -> None:
    """All but the flat ones: four faces of every carbon that has four neighbours."""
    volumes, _ = bounds.volumes(-torch.as_tensor(alanine_frames.positions[:20]))
    least, most = bounds.volume_range
    degrees = torch.as_tensor([len(alanine.graph[int(centre)]) for centre in bounds.corners[:, 0]])
    assert (degrees == 4).sum() == 4 * 4, "two methyls at the ends, Cα and Cβ"
    assert (degrees == 3).sum() == 4, "C and N of two peptide groups"
    assert (least * most > 0)[degrees == 4].all(), "none of them ever turns inside out"
    assert (volumes * least < 0)[:, degrees == 4].all()
