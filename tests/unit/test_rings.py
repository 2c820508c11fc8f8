"""Rings of the bond graph and their planarity: by hand, of amino acids, and with planted faults."""

import networkx as nx
import numpy as np
import pytest
from peptide_helpers import applies, atom, built, evaluation, molecule_of, moved, reordered, value

from cgbench.chem.geometry import out_of_plane
from cgbench.chem.rings import planar_rings, rings

NAPHTHALENE = nx.cycle_graph(10)
NAPHTHALENE.add_edge(0, 5)
NORBORNANE = nx.cycle_graph(6)
NORBORNANE.add_edges_from([(0, 6), (6, 3)])
SPIRO = nx.cycle_graph(4)
SPIRO.add_edges_from([(0, 4), (4, 5), (5, 0)])


def of_graph(graph):
    return molecule_of("C" * len(graph), sorted(map(sorted, graph.edges)))


@pytest.fixture(scope="module")
def peptide(tmp_path_factory):
    """All amino acids with rings, and one without."""
    return built("FWHPA", tmp_path_factory.mktemp("peptide"))


def names(molecule, ring):
    return molecule.residue_names[ring[0]], {molecule.atom_names[index] for index in ring}


TRP_5, TRP_6 = {"CG", "CD1", "NE1", "CE2", "CD2"}, {"CD2", "CE2", "CE3", "CZ2", "CZ3", "CH2"}
PLANAR = [
    ("PHE", {"CG", "CD1", "CD2", "CE1", "CE2", "CZ"}),
    ("TRP", TRP_5),
    ("TRP", TRP_6),
    ("HIS", {"CG", "ND1", "CE1", "NE2", "CD2"}),
]


class TestRings:
    @pytest.mark.parametrize(
        ("graph", "sizes"),
        [
            (nx.path_graph(5), []),
            *((nx.cycle_graph(n), [n]) for n in range(3, 9)),
            (nx.cycle_graph(9), []),
            (NAPHTHALENE, [6, 6]),
            (NORBORNANE, [5, 5, 6]),
            (SPIRO, [3, 4]),
            (nx.complete_graph(4), [3, 3, 3, 3]),
        ],
    )
    def test_sizes_by_hand(self, graph, sizes):
        found = rings(of_graph(graph))
        assert sorted(map(len, found)) == sizes
        for ring in found:
            assert ring[0] == ring.min()
            assert ring[1] < ring[-1]
            assert all(graph.has_edge(*pair) for pair in zip(ring, np.roll(ring, -1), strict=True))
        assert [tuple(ring) for ring in found] == sorted(tuple(ring) for ring in found)

    def test_of_amino_acids(self, peptide):
        molecule, _ = peptide
        proline = ("PRO", {"N", "CA", "CB", "CG", "CD"})
        assert [names(molecule, ring) for ring in planar_rings(molecule)] == PLANAR
        found = [names(molecule, ring) for ring in rings(molecule)]
        assert len(found) == 5
        assert all(ring in found for ring in [*PLANAR, proline])

    @pytest.mark.parametrize("size", range(4, 9))
    def test_only_rings_of_five_and_six_carbons_are_planar(self, size):
        # Cyclooctatetraene, with a hydrogen on each carbon, is a tub.
        bonds = [[corner, (corner + 1) % size] for corner in range(size)]
        bonds += [[corner, corner + size] for corner in range(size)]
        molecule = molecule_of("C" * size + "H" * size, bonds)
        assert len(planar_rings(molecule)) == (size in {5, 6})

    def test_heavy_atoms_have_the_same_rings_but_none_is_known_to_be_planar(self, peptide):
        molecule, _ = peptide
        heavy = molecule.subset(np.flatnonzero(molecule.heavy))
        assert [names(heavy, ring) for ring in rings(heavy)] == [
            names(molecule, ring) for ring in rings(molecule)
        ]
        assert planar_rings(heavy) == ()

    def test_order_of_atoms_does_not_matter(self, peptide):
        molecule, _ = peptide
        order = np.random.default_rng(4).permutation(molecule.n_atoms)
        found = [set(order[ring]) for ring in planar_rings(reordered(molecule, order))]
        assert all(set(ring) in found for ring in planar_rings(molecule))
        assert len(found) == 4

    def test_without_rings_no_metric_applies(self, alanine):
        for name in ("ring_planarity", "ring_piercing", "ring_piercings"):
            assert not applies(name, alanine)

    def test_proline_alone_has_no_planar_ring(self, peptide):
        molecule, _ = peptide
        proline = molecule.subset(np.flatnonzero(np.array(molecule.residue_names) == "PRO"))
        assert applies("ring_piercing", proline)
        assert not applies("ring_planarity", proline)


class TestPlanarity:
    def test_of_a_chair_by_hand(self):
        angles = np.arange(6) * np.pi / 3
        flat = 1.4 * np.stack([np.cos(angles), np.sin(angles), np.zeros(6)], axis=1)
        chair = flat + 0.1 * np.array([0, 0, 1]) * (-1.0) ** np.arange(6)[:, None]
        both = moved(np.stack([flat, chair, chair / 10]))
        np.testing.assert_allclose(out_of_plane(both, [np.arange(6)])[:, 0], [0, 0.1, 0.01], atol=1e-7)

    def test_agrees_with_singular_values(self, peptide):
        molecule, positions = peptide
        noisy = positions + np.random.default_rng(5).normal(scale=0.3, size=(4, *positions.shape))
        groups = planar_rings(molecule)
        found = out_of_plane(noisy, groups)
        for geometry, distances in zip(noisy, found, strict=True):
            for group, distance in zip(groups, distances, strict=True):
                points = geometry[group] - geometry[group].mean(axis=0)
                expected = np.linalg.svd(points, compute_uv=False)[-1] / np.sqrt(len(group))
                assert distance == pytest.approx(expected)

    def test_a_bent_ring_is_found_and_its_neighbour_is_not(self, peptide):
        molecule, positions = peptide
        bent = positions.copy()
        ring = planar_rings(molecule)[0]
        centred = positions[ring] - positions[ring].mean(axis=0)
        normal = np.linalg.svd(centred)[2][-1]
        bent[atom(molecule, "PHE2 CZ")] += 0.6 * normal
        before, after = (out_of_plane(each, planar_rings(molecule)) for each in (positions, bent))
        assert before.max() < 0.02
        # The sum of squares of a plane through the other five atoms is 0.6²; the best plane has less.
        assert 0.1 < after[0] < 0.6 / np.sqrt(6)
        np.testing.assert_array_equal(after[1:], before[1:])
        whole = evaluation([positions], [[positions, bent]], molecule)
        assert value("ring_planarity", whole) == pytest.approx((before.mean() + after.mean()) / 2, abs=1e-5)

    def test_of_proline_is_not_measured(self, peptide):
        molecule, positions = peptide
        bent = positions.copy()
        bent[atom(molecule, "PRO5 CG")] += 3.0
        before, after = (evaluation([positions], [[each]], molecule) for each in (positions, bent))
        assert value("ring_planarity", after) == value("ring_planarity", before)

    def test_md_frames_are_nearly_planar(self, chignolin_frames):
        frames = chignolin_frames.positions
        distances = out_of_plane(frames, planar_rings(chignolin_frames.molecule))
        assert distances.shape[1] == 5
        assert 0.02 < distances.mean() < 0.06
        assert distances.max() < 0.2
