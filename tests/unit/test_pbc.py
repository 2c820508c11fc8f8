"""Nearest images, close pairs and joined molecules, against searches of all translations."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from mdtraj.utils import lengths_and_angles_to_box_vectors

from cgbench.chem.molecule import Molecule
from cgbench.chem.pbc import close_pairs, distances, join_molecules, nearest_translations
from cgbench.core.errors import InputError

# Lengths (Å) and angles of cells as programs write them.
SHAPES = {
    "cube": (20, 20, 20, 90, 90, 90),
    "truncated octahedron": (20, 20, 20, 109.4712190, 109.4712190, 109.4712190),
    "truncated octahedron of GROMACS": (20, 20, 20, 70.53, 109.47, 70.53),
    "rhombic dodecahedron": (20, 20, 20, 60, 60, 90),
    "hexagonal prism": (20, 20, 35, 90, 90, 120),
    "flat": (40, 15, 20, 60, 100, 75),
    "not reduced": (20, 30, 24, 35, 50, 40),
}
ALL = np.array(list(product(range(-4, 5), repeat=3)))


def vectors(shape):
    return np.array(lengths_and_angles_to_box_vectors(*SHAPES[shape])).reshape(3, 3)


def nearest(differences, cell):
    """Lengths of differences [n, 3] at their nearest images, by a search of 729 translations."""
    return np.linalg.norm(differences[:, None] + ALL @ cell, axis=-1).min(axis=1)


@pytest.fixture
def two_alanines(alanine_frames):
    """A molecule of two alanine dipeptides, and 30 frames of each [n_frames, 22, 3]."""
    one = alanine_frames.molecule
    both = replace(
        one,
        elements=2 * one.elements,
        atom_names=2 * one.atom_names,
        residue_names=2 * one.residue_names,
        residue_index=np.concatenate([one.residue_index, one.residue_index + 3]),
        masses=np.concatenate([one.masses, one.masses]),
        bonds=np.concatenate([one.bonds, one.bonds + 22]),
    )
    return both, alanine_frames.positions[:30], alanine_frames.positions[30:60]


@pytest.mark.parametrize("shape", SHAPES)
class TestNearestImages:
    def test_differences_are_as_short_as_possible(self, shape, rng):
        cell = vectors(shape)
        differences = rng.uniform(-2, 2, size=(500, 3)) @ cell
        found = nearest_translations(differences[None], cell[None])[0]
        np.testing.assert_array_equal(found, np.rint(found))
        moved = differences + found @ cell
        np.testing.assert_allclose(np.linalg.norm(moved, axis=1), nearest(moved, cell), atol=1e-9)

    def test_distances(self, shape, rng):
        cell = vectors(shape)
        positions = rng.uniform(size=(40, 3)) @ cell
        pairs = np.stack(np.triu_indices(40, 1), axis=1)
        found = distances(positions[None], pairs, cell[None])[0]
        np.testing.assert_allclose(found, nearest(np.subtract(*positions[pairs.T]), cell), atol=1e-9)

    def test_close_pairs(self, shape, rng):
        cell = vectors(shape)
        positions = rng.uniform(-1, 1, size=(150, 3)) @ cell
        radii = rng.uniform(0.5, 1.5, size=150)
        pairs = np.stack(np.triu_indices(150, 1), axis=1)
        lengths = distances(positions[None], pairs, cell[None])[0]
        expected = pairs[lengths < radii[pairs].sum(axis=1)]
        assert len(expected) > 5
        np.testing.assert_array_equal(close_pairs(positions, radii, cell), expected)

    def test_two_molecules_stay_at_nearest_images(self, shape, two_alanines, rng):
        """Both wander over the cell, and every atom is wrapped into the cell by itself."""
        cell = vectors(shape)
        molecule, first, second = two_alanines
        inside = rng.uniform(size=(2, 30, 1, 3)) @ cell
        apart = np.concatenate([first + inside[0], second + inside[1]], axis=1)
        wrapped = apart - np.floor(apart @ np.linalg.inv(cell)) @ cell
        cells = np.repeat(cell[None], 30, axis=0)
        joined = join_molecules(wrapped.astype(np.float32), cells.astype(np.float32), molecule)
        for atoms in (slice(0, 22), slice(22, 44)):
            internal = joined[:, atoms] - joined[:, atoms][:, :1]
            np.testing.assert_allclose(internal, apart[:, atoms] - apart[:, atoms][:, :1], atol=1e-3)
        # By the pair that is nearest in the first frame.
        pairs = np.array(list(product(range(22), range(22, 44))))
        pair = pairs[nearest(np.subtract(*wrapped[0, pairs.T]), cell).argmin()]
        between = joined[:, pair[0]] - joined[:, pair[1]]
        np.testing.assert_allclose(np.linalg.norm(between, axis=1), nearest(between, cell), atol=1e-3)


def test_no_image_along_a_vector_of_zeros(rng):
    """Membranes may be periodic in two directions."""
    slab = np.diag([20.0, 20.0, 0.0])
    differences = rng.uniform(-50, 50, size=(100, 3))
    found = nearest_translations(differences[None], slab[None])[0]
    assert not found[:, 2].any()
    moved = differences + found @ slab
    assert (np.abs(moved[:, :2]) <= 10).all()


def test_cells_may_change_from_frame_to_frame(rng):
    cells = np.array([vectors("cube"), vectors("rhombic dodecahedron"), 1.1 * vectors("not reduced")])
    positions = rng.uniform(-30, 30, size=(3, 20, 3))
    pairs = np.stack(np.triu_indices(20, 1), axis=1)
    together = distances(positions, pairs, cells)
    one_by_one = [distances(positions[k : k + 1], pairs, cells[k : k + 1])[0] for k in range(3)]
    np.testing.assert_allclose(together, one_by_one)


def test_atoms_that_cannot_be_a_molecule_are_refused():
    with pytest.raises(InputError, match=r"more than 60 neighbours .* not in Å"):
        close_pairs(np.zeros((200, 3)), np.ones(200))
    with pytest.raises(InputError, match="unit cell is only 1 Å wide"):
        close_pairs(np.zeros((2, 3)), np.ones(2), np.eye(3))


def test_a_single_atom_and_no_atom():
    ion = Molecule(("Cl",), ("CL",), ("CL",), np.zeros(1, int), np.ones(1), np.empty((0, 2), dtype=np.int64))
    positions, cell = np.zeros((2, 1, 3), dtype=np.float32), np.repeat(20 * np.eye(3)[None], 2, axis=0)
    np.testing.assert_array_equal(join_molecules(positions, cell, ion), positions)
    assert close_pairs(np.empty((0, 3)), np.empty(0)).shape == (0, 2)
