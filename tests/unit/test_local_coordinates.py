"""Local coordinates: invariance, lossless codes, and collinear beads."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from cgbench.nn.local_coordinates import LocalCoordinates, LocalFrames

BEAD_INDEX = torch.tensor([0, 0, 0, 0, 1, 1, 1, 2, 2, 3])


def _beads(n_frames: int = 50, n_beads: int = 4) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return 4.0 * torch.randn(n_frames, n_beads, 3, generator=generator, dtype=torch.float64)


def _away(n_frames: int = 50) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    return torch.randn(n_frames, len(BEAD_INDEX), 3, generator=generator, dtype=torch.float64)


def test_axes_are_orthonormal_and_right_handed() -> None:
    axes = LocalFrames(4).double()(_beads())
    assert torch.allclose(axes.mT @ axes, torch.eye(3, dtype=torch.float64), atol=1e-5)
    assert torch.allclose(torch.linalg.det(axes), torch.ones(50, 4, dtype=torch.float64), atol=1e-5)


def test_coordinates_are_invariant_under_rotation() -> None:
    local = LocalCoordinates(BEAD_INDEX, 5).double()
    turn = torch.as_tensor(Rotation.random(random_state=3).as_matrix())
    rows = local.to_local(_away(), _beads())
    turned = local.to_local(_away() @ turn.T, _beads() @ turn.T + 7.0)
    assert torch.allclose(turned, rows, atol=1e-8)


def test_a_mirror_image_has_other_coordinates() -> None:
    local = LocalCoordinates(BEAD_INDEX, 5).double()
    mirror = torch.diag(torch.tensor([1.0, 1.0, -1.0], dtype=torch.float64))
    mirrored = local.to_local(_away() @ mirror, _beads() @ mirror)
    assert (mirrored - local.to_local(_away(), _beads())).abs().max() > 0.1


def test_transformations_are_inverse() -> None:
    local = LocalCoordinates(BEAD_INDEX, 5).double()
    assert torch.allclose(local.to_cartesian(local.to_local(_away(), _beads()), _beads()), _away(), atol=1e-5)


def test_complete_code_is_lossless() -> None:
    local = LocalCoordinates(BEAD_INDEX, 12).double()
    rows = local.to_local(_away(), _beads())
    local.fit_components(rows)
    latent = local.encode(rows)
    assert torch.allclose(local.decode(latent), rows, atol=1e-9)
    spread = latent.square().mean(0)[0]
    assert torch.allclose(spread, torch.ones_like(spread), atol=1e-9)
    assert (latent[:, 3, 3:] == 0).all(), "a single atom has three coordinates"


def test_fewer_components_keep_what_varies_most() -> None:
    local = LocalCoordinates(BEAD_INDEX, 2).double()
    rows = local.to_local(_away(), _beads())
    local.fit_components(rows)
    kept = local.decode(local.encode(rows))
    singular = np.linalg.svd((rows[0] - rows[0].mean(0)).numpy(), compute_uv=False)
    assert (rows[0] - kept[0]).square().sum().item() == pytest.approx((singular[2:] ** 2).sum(), rel=1e-6)


def test_a_frame_is_spanned_by_the_beads_that_its_atoms_turn_with() -> None:
    """Bead 0 rotates with beads 2 and 3 but not with bead 1, which moves independently."""
    random = np.random.default_rng(0)
    rigid = np.array([[0.0, 0, 0], [5.0, 0, 0], [0, 5.0, 0]])
    atoms = random.normal(size=(4, 3))
    turns = Rotation.random(200, random_state=1).as_matrix()
    beads = np.einsum("fxy,by->fbx", turns, rigid)
    roaming = 2.0 * random.normal(size=(200, 1, 3))
    beads = np.concatenate((beads[:, :1], roaming, beads[:, 1:]), axis=1)
    offsets = np.concatenate((np.einsum("fxy,ay->fax", turns, atoms), np.zeros((200, 3, 3))), axis=1)
    frames = LocalFrames(4)
    frames.choose_neighbours(beads, offsets, np.array([0, 0, 0, 0, 1, 2, 3]))
    assert set(frames.neighbours[0].tolist()) == {2, 3}


@pytest.mark.parametrize("n_beads", [1, 2])
def test_fewer_than_three_beads_give_no_more_axes_than_they_define(n_beads: int) -> None:
    axes = LocalFrames(n_beads).double()(_beads(n_beads=n_beads))
    assert torch.isfinite(axes).all()
    assert (axes[..., 1:].abs() < 1e-9).all()


def test_beads_on_a_line_give_finite_gradients() -> None:
    beads = torch.tensor([[[0.0, 0, 0], [1, 0, 0], [2, 0, 0]]], requires_grad=True)
    LocalFrames(3)(beads).sum().backward()
    assert beads.grad is not None
    assert torch.isfinite(beads.grad).all()
