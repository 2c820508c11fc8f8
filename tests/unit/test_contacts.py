"""Contacts: pairs by a search that is linear in atoms, shortest distances of types, and their gradient."""

import numpy as np
import pytest
import torch

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.nn.contacts import MAX_CONTACT, SKIN, ContactDistances, NearPairs
from cgbench.nn.restraints import Restraints


@pytest.fixture
def contacts(alanine: Molecule) -> ContactDistances:
    return Restraints(alanine).contacts


@pytest.fixture
def frames(alanine_frames: Frames) -> torch.Tensor:
    """Frames [n_atoms, 3, n_frames]."""
    return torch.as_tensor(alanine_frames.positions[::8]).permute(1, 2, 0).contiguous()


def all_distances(frames: torch.Tensor) -> np.ndarray:
    x = frames.permute(2, 0, 1).double()
    return (x[:, :, None] - x[:, None]).norm(dim=-1).numpy()


def test_all_pairs_beyond_three_bonds_are_found(
    contacts: ContactDistances, alanine: Molecule, frames: torch.Tensor
) -> None:
    i, j, geometry, distances = contacts.pairs_within(frames, 3.5)
    near = {tuple(pair) for pair in Restraints(alanine).pairs.T.tolist()}
    everything = all_distances(frames)
    expected = {
        (i, j, frame)
        for frame, i, j in np.argwhere(everything < 3.5).tolist()
        if i < j and (i, j) not in near
    }
    assert expected == set(zip(i.tolist(), j.tolist(), geometry.tolist(), strict=True))
    np.testing.assert_allclose(distances, everything[geometry, i, j], atol=1e-5)


def test_neighbours_far_apart_in_the_file_are_no_contacts(alanine: Molecule, frames: torch.Tensor) -> None:
    """As in rings and at disulphide bonds; 0 and 1, 17 and 21 are 16 and 20 numbers apart."""
    near = np.array([[0, 0, 0, 1, 1], [1, 17, 21, 2, 17]])
    i, j, _, _ = ContactDistances(alanine, near).pairs_within(frames, 1000.0)
    found = set(zip(i.tolist(), j.tolist(), strict=True))
    everything = {(first, second) for second in range(22) for first in range(second)}
    assert everything - found == set(zip(*near.tolist(), strict=True))


def test_shortest_distances_are_a_lower_quantile(contacts: ContactDistances, frames: torch.Tensor) -> None:
    assert (contacts.shortest == 0).all(), "no contacts before the fit"
    contacts.fit(frames)
    i, j, _, distances = contacts.pairs_within(frames, 4.0)
    limits = contacts.shortest[contacts.kind[i], contacts.kind[j]].numpy()
    assert 0.001 < (distances < limits).mean() < 0.03
    assert 1.5 < contacts.shortest.min() < contacts.shortest.max() <= MAX_CONTACT


def test_a_larger_quantile_asks_for_longer_contacts(alanine: Molecule, frames: torch.Tensor) -> None:
    shortest = []
    for quantile in (0.0, 0.02, 0.5):
        contacts = Restraints(alanine, contact_quantile=quantile).contacts
        contacts.fit(frames)
        shortest.append(contacts.shortest)
    assert (shortest[0] <= shortest[1]).all()
    assert (shortest[1] <= shortest[2]).all()
    assert shortest[0].mean() < shortest[1].mean() < shortest[2].mean()


def test_a_hydrogen_bond_may_be_shorter_than_a_contact(
    contacts: ContactDistances, alanine: Molecule, frames: torch.Tensor
) -> None:
    """Hydrogens on nitrogen and on carbon are different types."""
    contacts.fit(frames)
    names = {name: contacts.kind[i] for i, name in enumerate(alanine.atom_names)}
    assert contacts.shortest[names["H"], names["O"]] != contacts.shortest[names["HA"], names["O"]]


def test_gradient_is_that_of_the_overlap(contacts: ContactDistances, frames: torch.Tensor) -> None:
    """Shrunk geometries have overlaps; listed pairs stay valid while atoms move by half of the skin."""
    contacts.fit(frames)
    contacts.double()
    x = 0.8 * frames.double()
    near = NearPairs(contacts, x)
    x = (x + 0.2 * SKIN).requires_grad_()
    i, j, geometry, _ = contacts.pairs_within(x.detach(), MAX_CONTACT)
    distances = (x[i, :, geometry] - x[j, :, geometry]).norm(dim=1)
    limits = contacts.shortest[contacts.kind[i], contacts.kind[j]]
    (expected,) = torch.autograd.grad(1.5 * (limits - distances).clamp_min(0).square().sum(), x)
    gradient = torch.zeros_like(x)
    near.add_gradient(x.detach(), gradient, weight=3.0)
    assert expected.abs().max() > 0.1
    torch.testing.assert_close(gradient, expected)


def test_pairs_of_moved_and_of_chosen_geometries(contacts: ContactDistances, frames: torch.Tensor) -> None:
    contacts.fit(frames)
    near = NearPairs(contacts, frames)
    moved = frames.clone()
    moved[..., ::2] *= 0.7
    kept = (torch.arange(frames.shape[2]) % 3 != 0).nonzero()[:, 0]
    near.update(moved)
    near.select(kept)
    gradients = [torch.zeros_like(moved[..., kept]) for _ in range(2)]
    near.add_gradient(moved[..., kept], gradients[0], 1.0)
    NearPairs(contacts, moved[..., kept]).add_gradient(moved[..., kept], gradients[1], 1.0)
    assert gradients[0].abs().max() > 0.1
    torch.testing.assert_close(*gradients)
