"""Unit cells that are placeholders are told from real ones."""

import numpy as np
import pytest

from cgbench.formats.unit_cell import cell_vectors, usable_cell


@pytest.fixture
def positions(alanine_frames):
    return alanine_frames.positions[:3]


def cube(length, n_frames=3):
    return np.tile(length * np.eye(3, dtype=np.float32), (n_frames, 1, 1))


def test_vectors_follow_from_lengths_and_angles():
    vectors = cell_vectors(np.array([[3.0, 4.0, 5.0], [2.0, 2.0, 2.0]]), np.array([[90.0] * 3, [60.0] * 3]))
    np.testing.assert_allclose(vectors[0], np.diag([3, 4, 5]), atol=1e-6)
    products = vectors[1] @ vectors[1].T
    np.testing.assert_allclose(
        products, 4 * np.array([[1, 0.5, 0.5], [0.5, 1, 0.5], [0.5, 0.5, 1]]), rtol=1e-6
    )


def test_a_real_cell_is_used(positions):
    for length in (14.0, 30.0, 1e4):
        cell, why = usable_cell(positions, cube(length))
        assert cell is not None
        assert why == ""
    assert usable_cell(positions, None) == (None, "")


def test_a_molecule_that_is_broken_by_the_boundary_does_not_make_a_cell_short(positions):
    wrapped = positions % 14.0
    assert usable_cell(wrapped, cube(14.0))[0] is not None


def test_several_molecules_may_extend_over_more_than_the_cell(positions):
    several = np.concatenate([positions + shift for shift in (0, 12, 24)], axis=1)
    assert usable_cell(several, cube(15.0))[0] is not None


@pytest.mark.parametrize("length", [1.0, 5.0])
def test_a_cell_shorter_than_the_molecule_is_a_placeholder(positions, length):
    cell, why = usable_cell(positions, cube(length))
    assert cell is None
    lengths = " x ".join(3 * [f"{length:g}"])
    assert why == f"the unit cell ({lengths} Å) is shorter than the molecule, and is not used"


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, 9.97e36])
@pytest.mark.parametrize("frames", [[0, 1, 2], [1]])
def test_frames_without_a_cell_are_counted(positions, value, frames):
    cells = cube(30.0)
    cells[frames] = value
    cell, why = usable_cell(positions, cells)
    assert cell is None
    assert why == f"{len(frames)} of 3 frames have no unit cell, so that none is used"


def test_atoms_at_one_point_are_no_reason_to_refuse_a_cell():
    assert usable_cell(np.zeros((1, 3000, 3), dtype=np.float32), cube(30.0, 1))[0] is not None
