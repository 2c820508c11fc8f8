"""Distances of near atoms, and the counts that rest on them, against the distances of all pairs."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from cgbench.chem.bond_rule import BOND_FACTOR
from cgbench.chem.bonds_and_clashes import count_contacts
from cgbench.chem.geometry import all_pairs
from cgbench.chem.molecule import Molecule
from cgbench.chem.near_atoms import near_squares

N_ATOMS = 150  # no multiple of the atoms that are compared together


def chains(rng, n_atoms=N_ATOMS):
    """Three chains with branches, of elements with large and small radii."""
    bonds = [[max(0, atom - int(rng.integers(1, 3))), atom] for atom in range(1, n_atoms)]
    cut = [[i, j] for i, j in bonds if not any(i < end <= j for end in (n_atoms // 3, n_atoms // 2))]
    elements = tuple(rng.choice(["H", "C", "O", "S", "P", "I"], n_atoms).tolist())
    return Molecule(
        elements=elements,
        atom_names=elements,
        residue_names=("LIG",) * n_atoms,
        residue_index=np.zeros(n_atoms, dtype=np.int64),
        masses=np.ones(n_atoms),
        bonds=np.array(sorted(cut), dtype=np.int64),
    )


def geometries(rng, n_atoms=N_ATOMS):
    """Walks, a dense cluster, clusters far apart, all atoms at one point, and atoms in any order."""
    walk = np.cumsum(rng.normal(scale=0.9, size=(n_atoms, 3)), axis=0)
    cluster = rng.normal(scale=2.0, size=(n_atoms, 3))
    apart = cluster + 300.0 * rng.integers(0, 3, size=(n_atoms, 1))
    point = np.ones((n_atoms, 3))
    return np.stack([walk, cluster, apart, point, rng.permutation(walk)]).astype(np.float32)


@pytest.mark.parametrize("cutoff", [1.2, 3.0, 9.0])
@pytest.mark.parametrize("chosen", [[0], [2], [4], [0, 1, 2, 3, 4]])
def test_no_near_pair_is_missed(rng, cutoff, chosen):
    positions = geometries(rng)[chosen]
    found = np.full((len(positions), N_ATOMS, N_ATOMS), np.inf)
    for i, later, squares in near_squares(positions, cutoff):
        assert (later > i).all()
        found[:, i, later] = squares.T
    i, j = all_pairs(N_ATOMS).T
    for distances, geometry in zip(np.sqrt(found), positions, strict=True):
        expected = cdist(geometry, geometry)[i, j]
        missed = np.isinf(distances[i, j])
        assert expected[missed].min(initial=np.inf) >= cutoff
        np.testing.assert_allclose(distances[i, j][~missed], expected[~missed], rtol=1e-4, atol=1e-4)


def test_compared_pairs_grow_with_atoms_and_not_with_their_square(rng):
    walk = np.cumsum(rng.normal(loc=(1, 0, 0), size=(4000, 3)), axis=0)[None].astype(np.float32)
    compared = [
        sum(len(later) for _, later, _ in near_squares(walk[:, :n_atoms], 3.0)) for n_atoms in (1000, 4000)
    ]
    assert 3 < compared[1] / compared[0] < 5


def test_an_unknown_atom_is_near_none_and_hides_no_other_group(rng):
    positions = geometries(rng)[:1]
    positions[0, 0] = np.nan
    found = {(i, j) for i, later, squares in near_squares(positions, 3.0) for j in later[squares[:, 0] < 9]}
    distances = cdist(positions[0, 16:], positions[0, 16:])
    assert {(i + 16, j + 16) for i, j in np.argwhere(np.triu(distances < 3.0, k=1))} <= found
    assert not any(i == 0 for i, _ in found)


def test_counts_of_contacts_are_those_of_all_pairs(rng):
    molecule = chains(rng)
    positions = geometries(rng)
    i, j = all_pairs(N_ATOMS).T
    bonded, ends, undecided = (
        np.isin(i * N_ATOMS + j, pairs @ [N_ATOMS, 1])
        for pairs in (molecule.bonds, molecule.angle_ends, molecule.undecided_pairs)
    )
    assert undecided.any()
    covalent, van_der_waals = molecule.covalent_radii, molecule.van_der_waals_radii
    counts = count_contacts(positions, molecule)
    for number, geometry in enumerate(positions):
        distances = cdist(geometry, geometry)[i, j]
        implied = (distances < BOND_FACTOR * (covalent[i] + covalent[j])) & ~undecided
        clashes = (distances < van_der_waals[i] + van_der_waals[j] - 0.4) & ~bonded & ~ends
        assert counts.missing[number] == (bonded & ~implied).sum()
        assert counts.extra[number] == (implied & ~bonded).sum()
        assert counts.clashes[number] == clashes.sum()
        assert counts.overlaps[number] == (distances[~bonded] < 1.2).any()
    assert counts.missing[2] > 20 < counts.clashes[0]


def test_counts_do_not_depend_on_the_other_geometries(rng):
    molecule, positions = chains(rng), geometries(rng)
    together = count_contacts(positions, molecule)
    for number in range(len(positions)):
        alone = count_contacts(positions[number : number + 1], molecule)
        for name in ("missing", "extra", "clashes", "overlaps"):
            assert getattr(alone, name)[0] == getattr(together, name)[number]


@pytest.mark.parametrize("axis", range(3))
def test_groups_that_are_just_within_the_cutoff_are_compared(axis):
    """20 groups of 16 atoms, each at one place, are 2.99 Å apart on a line."""
    positions = np.zeros((1, 320, 3), dtype=np.float32)
    positions[0, :, axis] = np.repeat(np.arange(20) * 2.99, 16)
    found = {
        (atom, int(other))
        for atom, later, squares in near_squares(positions, 3.0)
        for other in later[np.asarray(squares[:, 0]) < 9.0]
    }
    assert found == {(i, j) for i, j in all_pairs(320).tolist() if j // 16 - i // 16 <= 1}
