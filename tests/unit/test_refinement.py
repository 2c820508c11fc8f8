"""Refinement: violations are corrected, beads are kept, and valid geometries are unchanged."""

from typing import NamedTuple

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from cgbench.chem.bonds_and_clashes import count_contacts
from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.mapping.base import Mapping
from cgbench.nn.refinement import WORKING_SET, refine
from cgbench.nn.restraints import Restraints

STEPS = 50


@pytest.fixture
def frames(alanine_frames: Frames) -> Tensor:
    return torch.as_tensor(alanine_frames.positions[::10], dtype=torch.float64)


class Within(NamedTuple):
    """Arguments of the refinement."""

    restraints: Restraints
    matrix: Tensor
    index: Tensor


@pytest.fixture
def within(alanine: Molecule, alanine_frames: Frames, three_beads: Mapping) -> Within:
    restraints = Restraints(alanine).double()
    restraints.fit(torch.as_tensor(alanine_frames.positions, dtype=torch.float64))
    return Within(restraints, torch.as_tensor(three_beads.matrix), torch.as_tensor(three_beads.bead_index))


@pytest.fixture
def broken(frames: Tensor, within: Within) -> Tensor:
    """Frames with random displacements of about 0.5 Å and unchanged beads."""
    moved = frames + 0.3 * torch.randn(frames.shape, generator=torch.Generator().manual_seed(3)).double()
    return moved + (within.matrix @ (frames - moved))[:, within.index]


def test_md_frames_are_unchanged(frames: Tensor, within: Within) -> None:
    torch.testing.assert_close(refine(frames, within.matrix @ frames, *within, STEPS), frames)


def test_no_steps_change_nothing(broken: Tensor, within: Within) -> None:
    torch.testing.assert_close(refine(broken, within.matrix @ broken, *within, 0), broken, rtol=0, atol=0)


def test_distorted_geometries_are_corrected(
    broken: Tensor, frames: Tensor, within: Within, alanine: Molecule
) -> None:
    """After refinement the bond graphs are correct and the geometries closer to the original frames."""
    mended = refine(broken, within.matrix @ frames, *within, STEPS)
    before, after = (count_contacts(x.float().numpy(), alanine) for x in (broken, mended))
    assert (before.missing + before.extra).mean() > 1
    assert (after.missing + after.extra).max() == 0
    least, most = within.restraints.distance_bounds()
    distances = torch.cdist(mended, mended)
    assert (distances - distances.clamp(least, most)).abs().max() < 0.02
    assert (mended - frames).norm() < (broken - frames).norm()


def test_beads_are_kept(broken: Tensor, frames: Tensor, within: Within) -> None:
    mended = refine(broken, within.matrix @ frames, *within, STEPS)
    torch.testing.assert_close(within.matrix @ mended, within.matrix @ frames, rtol=0, atol=1e-10)


def test_atoms_without_weight_go_with_their_bead(alanine: Molecule, frames: Tensor, within: Within) -> None:
    """If a one-atom bead is moved without restraint violations, all of its atoms follow."""
    site = torch.zeros(3, alanine.n_atoms, dtype=torch.float64)
    for bead in range(3):
        site[bead, int((within.index == bead).nonzero()[-1])] = 1.0
    shift = torch.zeros(3, 3, dtype=torch.float64)
    shift[1, 0] = 0.25
    moved = refine(frames, site @ frames + shift, Restraints(alanine).double(), site, within.index, 1)
    torch.testing.assert_close(moved, frames + shift[within.index])


def test_chirality_is_corrected(frames: Tensor, within: Within, alanine: Molecule) -> None:
    """Two hydrogens of a methyl are exchanged, which changes distances only slightly."""
    centre = next(atom for atom in range(alanine.n_atoms) if len(alanine.graph[atom]) == 4)
    hydrogens = [atom for atom in alanine.graph[centre] if alanine.elements[atom] == "H"]
    swapped = frames.clone()
    swapped[:, hydrogens[:2]] = frames[:, hydrogens[:2]].flip(1)
    wrong, _ = within.restraints.volumes(swapped)
    right, _ = within.restraints.volumes(refine(swapped, within.matrix @ frames, *within, STEPS))
    least, most = within.restraints.volume_range
    assert ((wrong < least) | (wrong > most)).any(1).all()
    handed = least * most > 0
    assert (torch.sign(right) == torch.sign(least))[:, handed].all()


def test_refinement_is_equivariant(broken: Tensor, frames: Tensor, within: Within) -> None:
    turn = torch.as_tensor(Rotation.random(random_state=5).as_matrix())
    shift = torch.tensor([7.0, -3.0, 11.0], dtype=torch.float64)
    mended = refine(broken, within.matrix @ frames, *within, STEPS)
    moved = refine(broken @ turn.T + shift, within.matrix @ (frames @ turn.T + shift), *within, STEPS)
    torch.testing.assert_close(moved, mended @ turn.T + shift, rtol=0, atol=1e-8)


def test_coinciding_atoms_give_finite_geometries(frames: Tensor, within: Within) -> None:
    """Coinciding atoms have no direction of displacement; the result stays finite and compact."""
    collapsed = (within.matrix @ frames).mean(1, keepdim=True).expand_as(frames)
    mended = refine(collapsed, within.matrix @ frames, *within, STEPS)
    assert torch.isfinite(mended).all()
    assert (mended - mended.mean(1, keepdim=True)).norm(dim=-1).max() < 20.0


def test_results_do_not_depend_on_chunks(
    broken: Tensor, frames: Tensor, within: Within, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = refine(broken, within.matrix @ frames, *within, STEPS)
    monkeypatch.setitem(WORKING_SET, "cpu", 1)
    np.testing.assert_allclose(refine(broken, within.matrix @ frames, *within, STEPS), whole, atol=1e-9)
