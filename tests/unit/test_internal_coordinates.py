"""Distances, volumes and torsions by hand, and their gradients."""

import numpy as np
import pytest
import torch

from cgbench.chem.geometry import dihedrals
from cgbench.nn.internal_coordinates import pair_vectors, torsions, volumes

CORNERS = torch.tensor([[0, 1, 2, 3], [4, 0, 2, 1]])


@pytest.fixture
def positions() -> torch.Tensor:
    """Five atoms in three geometries, [n_atoms, 3, batch]."""
    return torch.randn(5, 3, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_vectors_lead_from_the_second_to_the_first_atom(positions: torch.Tensor) -> None:
    vectors, lengths = pair_vectors(positions, torch.tensor([[0, 2], [1, 4]]))
    by_hand = (positions[2, :, 1] - positions[4, :, 1]).numpy()
    np.testing.assert_allclose(vectors[1, :, 1], by_hand)
    assert lengths[1, 1].item() == pytest.approx(float(np.linalg.norm(by_hand)))


def test_volume_by_hand_and_its_slope(positions: torch.Tensor) -> None:
    positions.requires_grad_()
    signed, slopes = volumes(positions, CORNERS)
    a, b, c, d = positions.detach().numpy()[CORNERS[1], :, 2]
    assert signed[1, 2].item() == pytest.approx(np.linalg.det(np.stack((b - a, c - a, d - a))))
    (gradient,) = torch.autograd.grad(signed[1].sum(), positions)
    torch.testing.assert_close(gradient[CORNERS[1]], slopes[1])


def test_torsions_are_those_of_the_metrics(positions: torch.Tensor) -> None:
    expected = np.radians(dihedrals(positions.permute(2, 0, 1).numpy(), CORNERS.numpy()))
    cosine, sine = torsions(positions, CORNERS).numpy().swapaxes(0, 1)
    np.testing.assert_allclose(np.arctan2(sine, cosine).T, expected, atol=1e-9)
