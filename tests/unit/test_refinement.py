"""Refinement: geometries of molecules at given beads, reached from distorted ones."""

from pathlib import Path
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
from cgbench.mapping.stored import Generator, StoredSettings
from cgbench.nn.contacts import NearPairs
from cgbench.nn.internal_coordinates import pair_vectors, volumes
from cgbench.nn.refinement import WORKING_SET, Deviations, refine
from cgbench.nn.restraints import Restraints
from cgbench.nn.target_frames import TargetFrames

STEPS = 200
TASKS = Path(__file__).parents[2] / "workflow" / "resources" / "tasks"


@pytest.fixture
def frames(alanine_frames: Frames) -> Tensor:
    return torch.as_tensor(alanine_frames.positions[::10], dtype=torch.float64)


class Within(NamedTuple):
    """Arguments of the refinement."""

    restraints: Restraints
    matrix: Tensor
    index: Tensor


def within_frames(frames: np.ndarray, mapping: Mapping, molecule: Molecule) -> Within:
    restraints = Restraints(molecule).double()
    restraints.fit(torch.as_tensor(frames, dtype=torch.float64))
    return Within(restraints, torch.as_tensor(mapping.matrix), torch.as_tensor(mapping.bead_index))


@pytest.fixture
def within(alanine: Molecule, alanine_frames: Frames, three_beads: Mapping) -> Within:
    return within_frames(alanine_frames.positions, three_beads, alanine)


@pytest.fixture
def broken(frames: Tensor, within: Within) -> Tensor:
    """Frames with random displacements of about 0.5 Å and unchanged beads."""
    moved = frames + 0.3 * torch.randn(frames.shape, generator=torch.Generator().manual_seed(3)).double()
    return moved + (within.matrix @ (frames - moved))[:, within.index]


def lengths(positions: Tensor, restraints: Restraints, bonds_between: int) -> Tensor:
    """Distances [n_pairs, n_frames] of atoms so many bonds apart."""
    pairs = restraints.pairs[:, restraints.bonds_between == bonds_between]
    return pair_vectors(positions.permute(1, 2, 0), pairs)[1]


def test_training_frames_stay_where_they_are(frames: Tensor, within: Within) -> None:
    """They are their own targets; only contacts closer than the lower quantile move."""
    displacement = (refine(frames, within.matrix @ frames, *within, STEPS) - frames).norm(dim=-1)
    assert displacement.max() < 0.3
    assert displacement.mean() < 0.01
    assert displacement.amax(1).median() < 0.01


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
    assert (mended - frames).norm() < (broken - frames).norm()


@pytest.mark.parametrize("bonds_between", [1, 2])
def test_distances_do_not_pile_up_at_the_ends_of_their_range(
    bonds_between: int, broken: Tensor, frames: Tensor, within: Within
) -> None:
    """Share in the outer tenth of the range of the training frames, of refined geometries and of frames."""
    mended = refine(broken, within.matrix @ frames, *within, STEPS)
    of_pair = within.restraints.bonds_between == bonds_between
    least, most = within.restraints.least[of_pair, None], within.restraints.most[of_pair, None]

    def outside(positions: Tensor) -> float:
        place = (lengths(positions, within.restraints, bonds_between) - least) / (most - least)
        return float(((place < 0.05) | (place > 0.95)).double().mean())

    assert outside(mended) < outside(frames) + 0.03


def test_targets_are_reached(alanine: Molecule, three_beads: Mapping, frames: Tensor) -> None:
    """One training frame, whose beads are given: the distorted frame comes back with all its distances."""
    one = frames[:1]
    within = within_frames(one.numpy(), three_beads, alanine)
    noise = torch.randn(4, *one.shape[1:], generator=torch.Generator().manual_seed(3)).double()
    beads = (within.matrix @ one).expand(4, -1, -1)
    mended = refine(one + 0.1 * noise, beads, *within, STEPS, 1e-8)
    for between in (1, 2, 3):
        expected = lengths(one, within.restraints, between)
        assert (lengths(mended, within.restraints, between) - expected).abs().max() < 0.01
    assert (mended - one).norm(dim=-1).max() < 0.05


def test_constrained_bonds_between_small_beads_keep_their_length(
    alanine: Molecule, alanine_frames: Frames, frames: Tensor
) -> None:
    """The learned mapping with 12 beads, most of which have one or two atoms."""
    stored = StoredSettings(path=str(TASKS / "alanine_dipeptide" / "cgae-12.json"))
    mapping = Generator(stored).generate(alanine, 12, 0)
    within = within_frames(alanine_frames.positions, mapping, alanine)
    noise = 0.3 * torch.randn(frames.shape, generator=torch.Generator().manual_seed(3)).double()
    mended = refine(frames + noise, within.matrix @ frames, *within, STEPS)
    constrained = within.restraints.spread[within.restraints.bonds_between == 1] < 0.01
    assert constrained.sum() == 12
    off = (lengths(mended, within.restraints, 1) - lengths(frames, within.restraints, 1))[constrained]
    assert off.square().mean().sqrt() < 0.01


@pytest.mark.parametrize("n_frames", [1, 2])
def test_few_training_frames_are_enough(
    n_frames: int, broken: Tensor, frames: Tensor, alanine: Molecule, three_beads: Mapping
) -> None:
    within = within_frames(frames[:n_frames].numpy(), three_beads, alanine)
    mended = refine(broken, within.matrix @ frames, *within, STEPS)
    counts = count_contacts(mended.float().numpy(), alanine)
    assert (counts.missing + counts.extra).mean() < 0.2


def test_a_smaller_spread_holds_contacts_apart(
    broken: Tensor, frames: Tensor, alanine: Molecule, three_beads: Mapping
) -> None:
    too_close = []
    for spread in (0.01, 0.1, 10.0):
        within = within_frames(frames.numpy(), three_beads, alanine)
        within.restraints.contact_spread = spread
        mended = refine(broken, within.matrix @ frames, *within, STEPS).permute(1, 2, 0)
        i, j, _, distances = within.restraints.contacts.pairs_within(mended, 3.2)
        limits = within.restraints.contacts.shortest[
            within.restraints.contacts.kind[i], within.restraints.contacts.kind[j]
        ]
        too_close.append(float((limits.numpy() - distances).clip(0).sum()))
    assert too_close[0] < too_close[1] < too_close[2]


def test_a_smaller_tolerance_comes_nearer_to_the_minimum(
    broken: Tensor, frames: Tensor, within: Within
) -> None:
    broken, beads = broken[:6], within.matrix @ frames[:6]
    best = lengths(refine(broken, beads, *within, 400, 1e-9), within.restraints, 1)
    errors = [
        (lengths(refine(broken, beads, *within, STEPS, tolerance), within.restraints, 1) - best)
        .square()
        .mean()
        for tolerance in (1.0, 0.03, 0.001)
    ]
    assert errors[0] > errors[1] > errors[2]


def test_beads_are_kept(broken: Tensor, frames: Tensor, within: Within) -> None:
    mended = refine(broken, within.matrix @ frames, *within, STEPS)
    torch.testing.assert_close(within.matrix @ mended, within.matrix @ frames, rtol=0, atol=1e-10)


def test_chirality_is_corrected(frames: Tensor, within: Within, alanine: Molecule) -> None:
    """Two hydrogens of a methyl are exchanged, which changes distances only slightly."""
    centre = next(atom for atom in range(alanine.n_atoms) if len(alanine.graph[atom]) == 4)
    hydrogens = [atom for atom in alanine.graph[centre] if alanine.elements[atom] == "H"]
    swapped = frames.clone()
    swapped[:, hydrogens[:2]] = frames[:, hydrogens[:2]].flip(1)
    mended = refine(swapped, within.matrix @ frames, *within, STEPS)
    right, wrong, after = (
        volumes(x.permute(1, 2, 0), within.restraints.centres)[0] for x in (frames, swapped, mended)
    )
    handed = right.abs().amin(1) > 0.5
    assert handed.sum() == 4 * 4
    assert (right[handed] * wrong[handed] < 0).any(0).all(), "the methyl is inverted"
    assert (right[handed] * after[handed] > 0).all()


def test_the_mirror_image_is_not_a_minimum(frames: Tensor, within: Within) -> None:
    """A mirrored molecule gets back its own chirality, at the mirrored beads."""
    beads = within.matrix @ -frames
    mended = refine(-frames, beads, *within, STEPS)
    right, after = (volumes(x.permute(1, 2, 0), within.restraints.centres)[0] for x in (frames, mended))
    handed = right.abs().amin(1) > 0.5
    assert (right[handed] * after[handed] > 0).float().mean() > 0.9
    torch.testing.assert_close(within.matrix @ mended, beads)


def test_gradient_is_that_of_the_deviations(broken: Tensor, within: Within) -> None:
    """At targets of other frames, without contacts."""
    x = broken.permute(1, 2, 0).contiguous()
    frames = TargetFrames(within.restraints)
    targets = frames.targets(frames.nearest(x, torch.arange(x.shape[2])))
    gradient = Deviations(frames, targets, None).gradient(x)
    x.requires_grad_()
    _, distances = pair_vectors(x, frames.pairs)
    off = distances - distances.detach().clamp(targets.least, targets.most)
    signed, _ = volumes(x, frames.corners)
    loss = (frames.pair_weights[:, None] * off.square()).sum() / 2
    loss = loss + (frames.volume_weights[:, None] * (signed - targets.volumes).square()).sum() / 2
    (expected,) = torch.autograd.grad(loss, x)
    torch.testing.assert_close(gradient, expected)


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
    beads = within.matrix @ frames
    whole = refine(broken, beads, *within, STEPS)[:6]
    monkeypatch.setitem(WORKING_SET, "cpu", 1)
    np.testing.assert_allclose(refine(broken[:6], beads[:6], *within, STEPS), whole, atol=1e-9)


def copies(molecule: Molecule, n: int) -> Molecule:
    """A molecule n times."""
    bonds = [molecule.bonds + k * molecule.n_atoms for k in range(n)]
    residues = [molecule.residue_index + 3 * k for k in range(n)]
    return Molecule(
        molecule.elements * n,
        molecule.atom_names * n,
        molecule.residue_names * n,
        np.concatenate(residues),
        np.tile(molecule.masses, n),
        np.concatenate(bonds),
    )


def test_cost_is_linear_in_atoms(alanine: Molecule, frames: Tensor) -> None:
    """Four and eight molecules 5 Å apart: no array of the refinement grows faster than the atoms."""
    sizes = []
    for n in (4, 8):
        row = torch.cat([frames[:10] + torch.tensor([5.0 * k, 0, 0]) for k in range(n)], dim=1)
        restraints = Restraints(copies(alanine, n)).double()
        restraints.fit(row)
        x = row.permute(1, 2, 0).contiguous()
        targets = TargetFrames(restraints)
        near = NearPairs(restraints.contacts, x)
        deviations = Deviations(targets, targets.targets(targets.nearest(x, torch.arange(10))), near)
        arrays = [vars(each) for each in (targets, deviations, deviations.goals, near)]
        tensors = [value for each in arrays for value in each.values() if isinstance(value, Tensor)]
        sizes.append(sum(each.numel() for each in (*tensors, *restraints.state_dict().values())))
    assert 1.9 < sizes[1] / sizes[0] < 2.2
