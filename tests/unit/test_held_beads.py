"""The refinement moves no bead, also if atoms have no weight or belong to two beads."""

import pytest
import torch
from torch import Tensor

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.mapping.base import Mapping
from cgbench.nn.refinement import HeldBeads, refine
from cgbench.nn.restraints import Restraints


@pytest.fixture
def frames(alanine_frames: Frames) -> Tensor:
    return torch.as_tensor(alanine_frames.positions[::10], dtype=torch.float64)


@pytest.fixture
def index(three_beads: Mapping) -> Tensor:
    return torch.as_tensor(three_beads.bead_index)


def test_atoms_without_weight_go_with_their_bead(frames: Tensor, index: Tensor) -> None:
    """If a one-atom bead is moved, all of its atoms follow, and a step moves none of the sites."""
    weights = torch.zeros(len(index), dtype=torch.float64)
    sites = [int((index == bead).nonzero()[-1]) for bead in range(3)]
    weights[sites] = 1.0
    held = HeldBeads(index, torch.eye(3).double()[index].T * weights)
    x = frames.permute(1, 2, 0)
    shift = torch.zeros(3, 3, 1, dtype=torch.float64)
    shift[1, 0] = 0.25
    torch.testing.assert_close(held.put(x, x[sites] + shift), x + shift[index])
    step = held.step(torch.randn(x.shape, generator=torch.Generator().manual_seed(1)).double(), 1 + weights)
    assert step[sites].abs().max() < 1e-12 < step.abs().max()


def test_beads_that_share_an_atom_are_held(
    frames: Tensor, index: Tensor, three_beads: Mapping, alanine: Molecule
) -> None:
    """As in the rings of Martini 3: an atom of the first bead counts in the second one, too."""
    matrix = torch.as_tensor(three_beads.matrix).clone()
    shared = int((index == 0).nonzero()[0])
    matrix[1, shared] = 0.5
    matrix[1] /= matrix[1].sum()
    held = HeldBeads(index, matrix)
    x = frames.permute(1, 2, 0)
    target = torch.tensordot(matrix, x, 1) + 0.1 * torch.arange(9.0).double().view(3, 3, 1)
    torch.testing.assert_close(torch.tensordot(matrix, held.put(x, target), 1), target)
    stiffness = 1 + torch.arange(len(index)).double()
    step = held.step(torch.randn(x.shape, generator=torch.Generator().manual_seed(1)).double(), stiffness)
    assert torch.tensordot(matrix, step, 1).abs().max() < 1e-12 < step.abs().max()
    restraints = Restraints(alanine).double()
    restraints.fit(frames)
    mended = refine(frames + 0.1, matrix @ frames, restraints, matrix, index, 200)
    torch.testing.assert_close(matrix @ mended, matrix @ frames, rtol=0, atol=1e-10)
