"""Bonds through rings: by hand, against a linear system for each triangle, and planted in MD frames."""

import numpy as np
import pytest
import torch
from peptide_helpers import applies, atom, evaluation, molecule_of, moved, reordered, value

from cgbench.chem.ring_piercing import piercings
from cgbench.chem.rings import rings


def polygon(n_corners, radius=1.4):
    angles = 2 * np.pi * np.arange(n_corners) / n_corners
    return radius * np.stack([np.cos(angles), np.sin(angles), np.zeros(n_corners)], axis=1)


def ring_and_bond(n_corners):
    """A ring and, apart from it, two atoms with a bond."""
    ring = [[corner, (corner + 1) % n_corners] for corner in range(n_corners)]
    return molecule_of("C" * (n_corners + 2), [*ring, [n_corners, n_corners + 1]])


BENZENE = ring_and_bond(6)


def found(molecule, *geometries):
    return np.asarray(piercings(np.array(geometries), molecule)).tolist()


def with_bond(first, second, corners=None):
    return np.concatenate([polygon(6) if corners is None else corners, [first, second]])


class TestByHand:
    @pytest.mark.parametrize("end", [(0, 0), (0.3, 0.2), (0.7, 0), (1.1, 0.1), (-0.6, 1.0)])
    def test_through_the_ring(self, end):
        # (0.7, 0) is on the edge of two triangles, (0, 0) on that of six; all count once.
        assert found(BENZENE, with_bond([*end, -0.7], [*end, 0.7])) == [[0, 0, 6]]
        assert found(BENZENE, with_bond([*end, 0.7], [*end, -0.7])) == [[0, 0, 6]]

    @pytest.mark.parametrize("end", [(1.5, 0), (1.2, 0.7), (0, 1.3), (-1.0, 1.0)])
    def test_past_the_ring(self, end):
        assert found(BENZENE, with_bond([*end, -0.7], [*end, 0.7])) == []

    def test_on_one_side(self):
        assert found(BENZENE, with_bond([0, 0, 0.1], [0, 0, 1.6])) == []

    def test_aslant(self):
        # Both ends are outside of the ring; at z = 0 the bond is at x = 1.0 or 1.5.
        assert found(BENZENE, with_bond([2, 0, 1], [0, 0, -1])) == [[0, 0, 6]]
        assert found(BENZENE, with_bond([3, 0, 1], [0, 0, -1])) == []

    def test_a_long_bond_whose_middle_is_far_away(self):
        assert found(BENZENE, with_bond([1.2, 0, -0.1], [1.2, 0, 20])) == [[0, 0, 6]]

    def test_in_the_plane(self):
        assert found(BENZENE, with_bond([-1, 0.1, 0], [1, 0.1, 0])) == []

    def test_collapsed_atoms_pierce_nothing(self, chignolin_frames, rng):
        assert found(BENZENE, np.zeros((8, 3))) == []
        molecule, frames = chignolin_frames.molecule, chignolin_frames.positions[::10]
        in_a_plane = moved(frames * [1, 1, 0]).astype(np.float32)
        assert found(molecule, *in_a_plane) == []
        # Every atom on one of four points.
        points = 10 * rng.normal(size=(4, 3))
        assert found(molecule, points[rng.integers(4, size=molecule.n_atoms)].astype(np.float32)) == []

    def test_of_a_ring_that_is_folded(self):
        # Two atoms of a boat are 1 Å above the plane: the centre is at 1/3 Å, and the bond ends above it.
        boat = polygon(6)
        boat[[0, 3], 2] = 1.0
        assert found(BENZENE, with_bond([0, 0, 0.4], [0, 0, 1.5], boat)) == []
        assert found(BENZENE, with_bond([0, 0, 0.3], [0, 0, 1.5], boat)) == [[0, 0, 6]]

    @pytest.mark.parametrize("n_corners", range(3, 9))
    def test_of_all_sizes(self, n_corners):
        molecule = ring_and_bond(n_corners)
        assert found(molecule, with_bond([0, 0.1, -1], [0, 0.1, 1], polygon(n_corners))) == [
            [0, 0, n_corners]
        ]

    def test_a_ring_of_nine_is_wide_enough(self):
        assert not applies("ring_piercing", ring_and_bond(9))

    def test_bonds_of_the_ring_itself_do_not_count(self):
        # Its first substituent is bent through the plane at the centre.
        substituted = molecule_of("C" * 7, [*BENZENE.bonds[:6].tolist(), [0, 6]])
        corners = polygon(6) + 0.2 * np.array([0, 0, 1]) * (-1.0) ** np.arange(6)[:, None]
        assert found(substituted, np.concatenate([corners, [[-0.5, 0, -0.4]]])) == []

    def test_two_linked_rings_count_twice(self):
        two = molecule_of("C" * 12, [*BENZENE.bonds[:6].tolist(), *(BENZENE.bonds[:6] + 6).tolist()])
        # In the planes z = 0 and y = 0, and no atom of one is in the plane of the other.
        one, other = polygon(6)[:, [1, 0, 2]], polygon(6)[:, [1, 2, 0]] + [1.3, 0, 0]
        assert [ring for _, ring, _ in found(two, np.concatenate([one, other]))] == [0, 1]
        assert found(two, np.concatenate([one, other + np.array([3, 0, 0])])) == []

    def test_shares_and_numbers(self):
        through, past = (with_bond([x, 0, -0.7], [x, 0, 0.7]) for x in (0.5, 2.0))
        whole = evaluation([past, past], [[through, past], [past, past]], BENZENE)
        assert value("ring_piercing", whole) == 0.25
        assert value("ring_piercings", whole) == 0.25
        two = molecule_of("C" * 10, [*BENZENE.bonds.tolist(), [8, 9]])
        twice = np.concatenate([through, through[6:] + np.array([0, 0.1, 0])])
        whole = evaluation([twice], [[twice, np.concatenate([past, past[6:]])]], two)
        assert value("ring_piercing", whole) == 0.5
        assert value("ring_piercings", whole) == 1.0


def by_linear_systems(geometry, molecule):
    """Rings and bonds of one geometry, by the point in which a line meets the plane of each triangle."""
    pairs = set()
    for number, ring in enumerate(rings(molecule)):
        centre = geometry[ring].mean(axis=0)
        for index, (first, second) in enumerate(geometry[molecule.bonds]):
            if set(molecule.bonds[index]) & set(ring):
                continue
            for one, other in zip(geometry[ring], geometry[np.roll(ring, -1)], strict=True):
                matrix = np.stack([first - second, one - centre, other - centre], axis=1)
                along, u, v = np.linalg.solve(matrix, first - centre)
                if 0 < along < 1 and u >= 0 and v >= 0 and u + v <= 1:
                    pairs.add((number, index))
    return pairs


class TestTogether:
    @pytest.mark.parametrize("scale", [1.0, 2.0])
    def test_agrees_with_linear_systems(self, scale, rng):
        # A ring of five, one of six that shares a bond with it, and a chain; nothing has its usual length.
        ring = [[0, 1], [1, 2], [2, 3], [3, 4], [0, 4], [4, 5], [5, 6], [6, 7], [7, 8], [3, 8]]
        molecule = molecule_of("C" * 16, sorted([*ring, *([atom, atom + 1] for atom in range(8, 15))]))
        geometries = rng.normal(scale=scale, size=(25, 16, 3))
        expected = [
            [row, *pair]
            for row, geometry in enumerate(geometries)
            for pair in sorted(by_linear_systems(geometry, molecule))
        ]
        assert len(expected) > 20
        assert sorted(found(molecule, *geometries)) == expected

    def test_does_not_depend_on_chunks_motion_order_or_device(self, chignolin_frames, monkeypatch, rng):
        molecule = chignolin_frames.molecule
        frames = chignolin_frames.positions[::10].astype(np.float64)
        samples = frames + rng.normal(scale=2.0, size=frames.shape)
        expected = sorted(found(molecule, *samples))
        assert len(expected) > 10
        order = rng.permutation(molecule.n_atoms)
        shuffled = found(reordered(molecule, order), *samples[:, order])
        assert (
            np.bincount([row for row, *_ in shuffled]).tolist()
            == np.bincount([row for row, *_ in expected]).tolist()
        )
        for changed in (moved(samples), samples * [1, 1, -1]):
            assert sorted(found(molecule, *changed)) == expected
        assert sorted(piercings(torch.from_numpy(samples), molecule).tolist()) == expected
        monkeypatch.setattr("cgbench.chem.geometry.CHUNK_BYTES", 1)
        assert found(molecule, *samples) == expected


class TestMolecularDynamics:
    def test_pierces_nothing(self, chignolin_frames):
        frames = chignolin_frames.positions
        assert not len(piercings(frames, chignolin_frames.molecule))

    @pytest.mark.parametrize("index", range(6))
    def test_a_bond_that_is_put_through_a_ring_is_found(self, chignolin_frames, index):
        """The end of the chain is threaded: NME with its bond from N to C through the ring."""
        molecule, frames = chignolin_frames.molecule, chignolin_frames.positions[::10]
        ring = rings(molecule)[index]
        ends = [atom(molecule, label) for label in ("NME12 N", "NME12 C")]
        threaded = frames.copy()
        for frame in threaded:
            corners = frame[ring]
            normal = np.linalg.svd(corners - corners.mean(axis=0))[2][-1]
            frame[ends] = corners.mean(axis=0) + np.outer([-0.7, 0.7], normal)
        number = molecule.bonds.tolist().index(sorted(ends))
        pairs = piercings(threaded, molecule).tolist()
        assert all([row, index, number] in pairs for row in range(len(frames)))
        assert value("ring_piercing", evaluation(frames, threaded[:, None], molecule)) == 1
        assert value("ring_piercing", evaluation(frames, frames[:, None], molecule)) == 0

    def test_heavy_atoms_are_measured_by_themselves(self, chignolin_frames):
        molecule, frames = chignolin_frames.molecule, chignolin_frames.positions[:3]
        ring = rings(molecule)[0]
        through = frames.copy()
        centre = frames[:, ring].mean(axis=1)
        normal = np.linalg.svd(frames[:, ring] - centre[:, None])[2][:, -1]
        through[:, atom(molecule, "GLY8 CA")] = centre + 0.5 * normal
        through[:, atom(molecule, "GLY8 HA2")] = centre - 0.5 * normal
        whole = evaluation(frames, through[:, None], molecule)
        bond = sorted([atom(molecule, "GLY8 CA"), atom(molecule, "GLY8 HA2")])
        assert [0, 0, molecule.bonds.tolist().index(bond)] in piercings(through, molecule).tolist()
        heavy = whole.restrict_to("heavy")
        assert value("ring_piercings", heavy) < value("ring_piercings", whole)


def test_each_of_many_molecules_as_by_itself():
    """Only bonds near a ring are examined, which are others in every geometry."""
    one = with_bond([0.3, 0.2, -0.7], [0.3, 0.2, 0.7])
    copies = 30
    bonds = np.concatenate([BENZENE.bonds + 8 * copy for copy in range(copies)])
    molecule = molecule_of("C" * 8 * copies, bonds.tolist())
    beside = np.concatenate([one + np.array([10.0 * copy, 0, 0]) for copy in range(copies)])
    missed = beside.copy()
    missed[7 + 8 * 20, 2] = -1.4  # the bond of one copy ends before its ring
    everyone = [[0, ring, 7 * ring + 6] for ring in range(copies)]
    assert found(molecule, beside) == everyone
    expected = [each for each in everyone if each[1] != 20] + [[1, *each[1:]] for each in everyone]
    assert sorted(found(molecule, missed, beside)) == sorted(expected)
