"""Relaxation: geometries come within bounds, on their beads, and those that are stay where they are."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from cgbench.contacts import count_contacts
from cgbench.frames import Frames
from cgbench.mapping.base import Mapping
from cgbench.molecule import Molecule
from cgbench.nn.bounds import Bounds
from cgbench.nn.relaxation import relax

STEPS = 50


@pytest.fixture
def frames(alanine_frames: Frames) -> Tensor:
    return torch.as_tensor(alanine_frames.positions[::10], dtype=torch.float64)


@pytest.fixture
def bounds(alanine: Molecule, alanine_frames: Frames) -> Bounds:
    measured = Bounds(alanine).double()
    measured.measure(torch.as_tensor(alanine_frames.positions, dtype=torch.float64))
    return measured


@pytest.fixture
def matrix(three_beads: Mapping) -> Tensor:
    return torch.as_tensor(three_beads.matrix)


@pytest.fixture
def broken(frames: Tensor, matrix: Tensor, three_beads: Mapping) -> Tensor:
    """Frames with every atom moved by half an Å or so, on the beads of the frames."""
    moved = frames + 0.3 * torch.randn(frames.shape, generator=torch.Generator().manual_seed(3)).double()
    return moved + (matrix @ (frames - moved))[:, three_beads.bead_index]


def test_frames_stay_where_they_are(frames: Tensor, bounds: Bounds, matrix: Tensor) -> None:
    torch.testing.assert_close(relax(frames, matrix @ frames, bounds, matrix, STEPS), frames)


def test_no_steps_change_nothing(broken: Tensor, bounds: Bounds, matrix: Tensor) -> None:
    assert relax(broken, matrix @ broken, bounds, matrix, 0) is not None
    torch.testing.assert_close(relax(broken, matrix @ broken, bounds, matrix, 0), broken, rtol=0, atol=0)


def test_broken_molecules_are_mended(
    broken: Tensor, frames: Tensor, bounds: Bounds, matrix: Tensor, alanine: Molecule
) -> None:
    """Their bonds are those of the topology afterwards, and they are closer to what they were made from."""
    mended = relax(broken, matrix @ frames, bounds, matrix, STEPS)
    before, after = (count_contacts(x.float().numpy(), alanine) for x in (broken, mended))
    assert (before.missing + before.extra).mean() > 1
    assert (after.missing + after.extra).max() == 0
    least, most = bounds.distances()
    distances = torch.cdist(mended, mended)
    assert (distances - distances.clamp(least, most)).abs().max() < 0.02
    assert (mended - frames).norm() < (broken - frames).norm()


def test_beads_are_kept(broken: Tensor, frames: Tensor, bounds: Bounds, matrix: Tensor) -> None:
    mended = relax(broken, matrix @ frames, bounds, matrix, STEPS)
    torch.testing.assert_close(matrix @ mended, matrix @ frames, rtol=0, atol=1e-10)


def test_left_hands_are_turned_into_right_ones(
    frames: Tensor, bounds: Bounds, matrix: Tensor, alanine: Molecule
) -> None:
    """Two hydrogens of a methyl change places, which no distance tells."""
    centre = next(atom for atom in range(alanine.n_atoms) if len(alanine.graph[atom]) == 4)
    hydrogens = [atom for atom in alanine.graph[centre] if alanine.elements[atom] == "H"]
    swapped = frames.clone()
    swapped[:, hydrogens[:2]] = frames[:, hydrogens[:2]].flip(1)
    wrong, _ = bounds.volumes(swapped)
    right, _ = bounds.volumes(relax(swapped, matrix @ frames, bounds, matrix, STEPS))
    least, most = bounds.volume_range
    assert ((wrong < least) | (wrong > most)).any(1).all()
    handed = least * most > 0
    assert (torch.sign(right) == torch.sign(least))[:, handed].all()


def test_it_turns_and_moves_with_its_input(
    broken: Tensor, frames: Tensor, bounds: Bounds, matrix: Tensor
) -> None:
    turn = torch.as_tensor(Rotation.random(random_state=5).as_matrix())
    shift = torch.tensor([7.0, -3.0, 11.0], dtype=torch.float64)
    mended = relax(broken, matrix @ frames, bounds, matrix, STEPS)
    moved = relax(broken @ turn.T + shift, matrix @ (frames @ turn.T + shift), bounds, matrix, STEPS)
    torch.testing.assert_close(moved, mended @ turn.T + shift, rtol=0, atol=1e-8)


def test_atoms_on_one_point_do_no_harm(frames: Tensor, bounds: Bounds, matrix: Tensor) -> None:
    """Two of them have no direction to leave by, and the rest of the molecule does not fly apart."""
    collapsed = (matrix @ frames).mean(1, keepdim=True).expand_as(frames)
    mended = relax(collapsed, matrix @ frames, bounds, matrix, STEPS)
    assert torch.isfinite(mended).all()
    assert (mended - mended.mean(1, keepdim=True)).norm(dim=-1).max() < 20.0


def test_parts_of_a_batch_do_not_see_each_other(
    broken: Tensor, frames: Tensor, bounds: Bounds, matrix: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = relax(broken, matrix @ frames, bounds, matrix, STEPS)
    monkeypatch.setattr("cgbench.nn.relaxation.WORKING_SET", 1)
    np.testing.assert_allclose(relax(broken, matrix @ frames, bounds, matrix, STEPS), whole, atol=1e-9)
