"""Restraints: what training frames say about the geometry of a molecule."""

import numpy as np
import pytest
import torch

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.nn.internal_coordinates import pair_vectors, volumes
from cgbench.nn.restraints import Restraints


@pytest.fixture
def restraints(alanine: Molecule, alanine_frames: Frames) -> Restraints:
    measured = Restraints(alanine)
    measured.fit(torch.as_tensor(alanine_frames.positions))
    return measured


def test_training_frames_are_within_the_ranges(restraints: Restraints, alanine_frames: Frames) -> None:
    frames = torch.as_tensor(alanine_frames.positions).permute(1, 2, 0)
    _, distances = pair_vectors(frames, restraints.pairs)
    assert (distances >= restraints.least[:, None] - 1e-5).all()
    assert (distances <= restraints.most[:, None] + 1e-5).all()
    torch.testing.assert_close(distances.std(1, correction=0), restraints.spread, atol=1e-4, rtol=0)


def test_pairs_are_up_to_three_bonds_apart(restraints: Restraints, alanine: Molecule) -> None:
    by_length = [restraints.pairs[:, restraints.bonds_between == length].T.numpy() for length in (1, 2, 3)]
    np.testing.assert_array_equal(by_length[0], alanine.bonds)
    np.testing.assert_array_equal(by_length[1], alanine.angle_ends)
    assert len(by_length[2]) == 41


def test_peptide_torsions_vary_little(restraints: Restraints, alanine: Molecule) -> None:
    bonds = [{alanine.label(atom) for atom in quad[1:3]} for quad in restraints.quads.tolist()]
    peptide = np.array([bond in ({"ACE1 C", "ALA2 N"}, {"ALA2 C", "NME3 N"}) for bond in bonds])
    spread = restraints.torsion_spread.numpy()
    assert peptide.sum() == 2
    assert spread[peptide].max() < 0.04 < 0.1 < spread[~peptide].min()


def test_number_of_frames_is_limited(alanine: Molecule, alanine_frames: Frames) -> None:
    restraints = Restraints(alanine, max_frames=10)
    restraints.fit(torch.as_tensor(alanine_frames.positions))
    assert len(alanine_frames.positions) > len(restraints.frames) == 10
    torch.testing.assert_close(restraints.frames[-1], torch.as_tensor(alanine_frames.positions[-1]))
    assert (restraints.least <= restraints.most).all(), "ranges are of all frames"


def test_fitting_again_replaces_everything(restraints: Restraints, alanine_frames: Frames) -> None:
    one = torch.as_tensor(alanine_frames.positions[:1])
    restraints.fit(one)
    torch.testing.assert_close(restraints.frames, one)
    torch.testing.assert_close(restraints.least, restraints.most)
    assert restraints.spread.abs().max() < 1e-6


def test_stored_restraints_have_the_frames_of_their_training(
    restraints: Restraints, alanine: Molecule
) -> None:
    other = Restraints(alanine)
    other.load_state_dict(restraints.state_dict())
    for name, value in restraints.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], value)


def test_mirrored_frames_have_the_other_volumes(restraints: Restraints, alanine: Molecule) -> None:
    """Volumes of every carbon with four neighbours change sign."""
    x = restraints.frames.permute(1, 2, 0)
    right, _ = volumes(x, restraints.centres)
    mirrored, _ = volumes(-x, restraints.centres)
    degrees = torch.as_tensor([len(alanine.graph[int(centre)]) for centre in restraints.centres[:, 0]])
    assert (degrees == 4).sum() == 4 * 4, "two methyls at the ends, Cα and Cβ"
    assert (degrees == 3).sum() == 4, "C and N of two peptide groups"
    handed = right[degrees == 4]
    assert (handed.sign() == handed.sign()[:, :1]).all(), "chirality is constant"
    assert (mirrored[degrees == 4] * handed < 0).all()
