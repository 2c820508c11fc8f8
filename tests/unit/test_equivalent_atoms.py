"""Permutations of equivalent atoms, and RMSDs over them."""

import mdtraj
import numpy as np
import pytest
from networkx.algorithms.isomorphism import GraphMatcher

from cgbench.chem import equivalent_atoms as module
from cgbench.chem.equivalent_atoms import among_atoms, equivalent_atoms, reduction_of_squares
from cgbench.chem.molecule import Molecule
from cgbench.chem.topology_io import read_topology
from cgbench.core import registry
from cgbench.mapping.base import Mapping
from cgbench.metrics.base import Evaluation

HEIGHT, RADIUS = 0.37, 1.03  # Å: hydrogens of a methyl group along its axis and around it


def molecule(elements, bonds):
    n_atoms = len(elements)
    return Molecule(
        elements=tuple(elements),
        atom_names=tuple(f"{element}{atom}" for atom, element in enumerate(elements)),
        residue_names=("LIG",) * n_atoms,
        residue_index=np.zeros(n_atoms, dtype=np.int64),
        masses=np.ones(n_atoms),
        bonds=np.array(sorted(tuple(sorted(bond)) for bond in bonds)),
    )


def around(axis, angles):
    """Points at ``HEIGHT`` along an axis and ``RADIUS`` away from it."""
    axis = np.asarray(axis, dtype=float) / np.linalg.norm(axis)
    first = np.cross(axis, [0.3, 0.5, 0.8])
    first /= np.linalg.norm(first)
    second = np.cross(axis, first)
    turned = np.outer(np.cos(np.deg2rad(angles)), first) + np.outer(np.sin(np.deg2rad(angles)), second)
    return HEIGHT * axis + RADIUS * turned


def toluene(turn=0.0, flip=1):
    """Ring atoms 0 to 5, methyl carbon 6, hydrogens 7 to 11 of the ring and 12 to 14 of the methyl group."""
    angles = np.deg2rad(60 * np.arange(6))
    circle = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1) * [1, flip, flip]
    methyl = np.array([[2.9, 0.0, 0.0]])
    hydrogens = methyl + around([1, 0, 0], turn + np.array([0.0, 120.0, 240.0]))
    return np.concatenate([1.4 * circle, methyl, 2.48 * circle[1:], hydrogens])


TOLUENE = molecule(
    "C" * 7 + "H" * 8,
    [(k, (k + 1) % 6) for k in range(6)]
    + [(0, 6)]
    + [(k, k + 6) for k in range(1, 6)]
    + [(6, k) for k in (12, 13, 14)],
)
TETRAHEDRON = np.array([[0.0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
FOUR_BONDS = [(0, 1), (0, 2), (0, 3), (0, 4)]
METHYLENE = molecule("CHHFO", FOUR_BONDS)


def rmsd(molecule, reference, sample):
    """Plain RMSD of a sample, and RMSD over equivalent atoms."""
    reference, sample = np.float32(reference)[None], np.float32(sample)[None]
    evaluated = Evaluation(
        reference, sample, sample[:, None], molecule, Mapping.centres(np.zeros(molecule.n_atoms, dtype=int))
    )
    values = [
        registry.load("metrics", name)().per_frame(evaluated)
        for name in ("rmsd_backmap_mean", "rmsd_backmap_mean_symmetric", "rmsd_recon_symmetric")
    ]
    assert values[1] == values[2]
    return values[0][0], values[1][0]


def as_lists(groups):
    return [group.tolist() for group in groups]


class TestPermutations:
    def test_ring_flip_and_methyl_turn_of_toluene(self):
        assert as_lists(equivalent_atoms(TOLUENE, toluene())) == [
            [[1, 2, 4, 5, 7, 8, 10, 11], [5, 4, 2, 1, 11, 10, 8, 7]],
            [[12, 13, 14], [13, 14, 12], [14, 12, 13]],
        ]

    def test_oxygens_of_a_carboxylate_but_not_of_the_acid(self):
        formate = molecule("COOH", [(0, 1), (0, 2), (0, 3)])
        acid = molecule("COOHH", [(0, 1), (0, 2), (0, 3), (2, 4)])
        positions = np.random.default_rng(0).normal(size=(5, 3))
        assert as_lists(equivalent_atoms(formate, positions[:4])) == [[[1, 2], [2, 1]]]
        assert equivalent_atoms(acid, positions) == ()

    def test_heavy_atoms_are_judged_with_their_hydrogens(self):
        acid = molecule("COOHH", [(0, 1), (0, 2), (0, 3), (2, 4)])
        assert len(equivalent_atoms(acid.subset(np.arange(3)), np.zeros((3, 3)))) == 1
        frames = np.random.default_rng(0).normal(size=(1, 5, 3)).astype(np.float32)
        evaluated = Evaluation(frames, frames, frames[:, None], acid, Mapping.centres(np.zeros(5, dtype=int)))
        assert evaluated.restrict_to("heavy").equivalent_atoms == ()

    def test_permutations_of_heavy_atoms(self):
        heavy = among_atoms(equivalent_atoms(TOLUENE, toluene()), np.arange(7))
        assert as_lists(heavy) == [[[1, 2, 4, 5], [5, 4, 2, 1]]]

    def test_hydrogens_of_a_methylene_group_are_not_equivalent(self):
        assert equivalent_atoms(METHYLENE, TETRAHEDRON) == ()

    def test_two_exchanges_at_one_carbon_go_together(self):
        """Dichloromethane turns by 180°, which exchanges hydrogens and chlorines at once."""
        found = equivalent_atoms(molecule(["C", "H", "Cl", "H", "Cl"], FOUR_BONDS), TETRAHEDRON)
        assert as_lists(found) == [[[1, 2, 3, 4], [3, 4, 1, 2]]]

    def test_methane_turns_but_is_not_mirrored(self):
        (group,) = equivalent_atoms(molecule("CHHHH", FOUR_BONDS), TETRAHEDRON)
        assert len(group) == 12

    def test_guanidinium_is_one_group(self):
        """Nitrogens are exchanged with their hydrogens, and the hydrogens of each: 2 · 2 · 2."""
        guanidinium = molecule(
            "CNHCNNHHHH", [(0, 1), (1, 2), (1, 3), (0, 4), (0, 5), (4, 6), (4, 7), (5, 8), (5, 9)]
        )
        (group,) = equivalent_atoms(guanidinium, np.random.default_rng(0).normal(size=(10, 3)))
        assert group[0].tolist() == [4, 5, 6, 7, 8, 9]
        assert len(group) == 8

    def branched(self, n_methyl):
        """Carbon with fluorine, methyl groups and hydrogens; the labels of one methyl group run backwards."""
        elements, bonds = ["C", "F"], [(0, 1)]
        positions = [TETRAHEDRON[0], 0.8 * TETRAHEDRON[1]]
        for place in range(3):
            centre = len(elements)
            bonds.append((0, centre))
            positions.append(0.9 * TETRAHEDRON[2 + place])
            elements.append("C" if place < n_methyl else "H")
            if place < n_methyl:
                bonds += [(centre, centre + k) for k in (1, 2, 3)]
                angles = 10.0 * place + np.array([0.0, 120.0, 240.0]) * (-1 if place == 1 else 1)
                positions += list(positions[centre] + around(positions[centre], angles))
                elements += ["H"] * 3
        return molecule(elements, bonds), np.array(positions)

    def test_two_methyl_groups_of_one_carbon_are_not_equivalent(self):
        assert [group.shape for group in equivalent_atoms(*self.branched(2))] == [(3, 3), (3, 3)]

    def test_three_methyl_groups_turn_about_their_carbon(self):
        found, positions = self.branched(3)
        (group,) = equivalent_atoms(found, positions)
        assert group.shape == (3 * 3**3, 12)
        # A turn of the whole molecule by 120° is one of them, up to turns of single methyl groups.
        axis = TETRAHEDRON[1] / np.sqrt(3)
        cross = np.cross(np.eye(3), axis)
        turn = np.eye(3) - np.sqrt(0.75) * cross + 1.5 * cross @ cross
        plain, symmetric = rmsd(found, positions, positions @ turn.T)
        assert plain > 1.0
        assert symmetric < 0.5 * plain

    def test_large_parts_are_not_exchanged(self, monkeypatch):
        """Where there are too many permutations, the methyl groups still turn, each by itself."""
        monkeypatch.setattr(module, "MOST_PERMUTATIONS", 50)
        assert [group.shape for group in equivalent_atoms(*self.branched(3))] == [(3, 3)] * 3

    @pytest.mark.parametrize(("most", "sizes"), [(6, [8]), (5, [2, 2])])
    def test_molecules_of_one_kind(self, monkeypatch, most, sizes):
        monkeypatch.setattr(module, "MOST_ATOMS", most)
        waters = molecule("OHHOHH", [(0, 1), (0, 2), (3, 4), (3, 5)])
        assert [len(group) for group in equivalent_atoms(waters, np.zeros((6, 3)))] == sizes

    def test_groups_of_chignolin(self, alanine_directory):
        folder = alanine_directory.parent / "chignolin"
        chignolin = read_topology(folder / "topology.pdb")
        frame = mdtraj.load_frame(str(folder / "walker-0.xtc"), 0, top=str(folder / "topology.pdb"))
        found = [
            (
                chignolin.residue_names[group[0, 0]],
                len(group),
                [chignolin.atom_names[atom] for atom in group[0]],
            )
            for group in equivalent_atoms(chignolin, 10 * frame.xyz[0])
        ]
        ring = ("TYR", 2, ["CD1", "HD1", "CE1", "HE1", "CD2", "HD2", "CE2", "HE2"])
        methyl = ("THR", 3, ["HG21", "HG22", "HG23"])
        caps = [(name, 3, ["H1", "H2", "H3"]) for name in ("ACE", "NME")]
        carboxylates = [("ASP", 2, ["OD1", "OD2"]), ("GLU", 2, ["OE1", "OE2"])]
        assert found == [caps[0], ring, ring, *carboxylates, methyl, methyl, ring, caps[1]]


class TestRmsd:
    def test_ring_flip_is_free(self):
        plain, symmetric = rmsd(TOLUENE, toluene(), toluene(flip=-1))
        assert plain == pytest.approx(np.sin(np.pi / 3) * np.sqrt(16 * (1.4**2 + 2.48**2) / 15))
        assert symmetric == pytest.approx(0.0, abs=1e-3)

    @pytest.mark.parametrize(("turn", "chord"), [(120, 0.0), (240, 0.0), (60, 60), (100, 20), (-10, 10)])
    def test_methyl_group_is_off_by_at_most_60_degrees(self, turn, chord):
        _, symmetric = rmsd(TOLUENE, toluene(), toluene(turn=turn))
        expected = 2 * RADIUS * np.sin(np.deg2rad(chord / 2)) * np.sqrt(3 / 15)
        assert symmetric == pytest.approx(expected, abs=1e-3)

    def test_mirrored_methyl_group_is_not_free(self):
        swapped = toluene()[[*range(12), 13, 12, 14]]
        plain, symmetric = rmsd(TOLUENE, toluene(), swapped)
        assert plain == symmetric == pytest.approx(RADIUS * np.sqrt(6 / 15))

    def test_exchanged_hydrogens_of_a_methylene_group_are_not_free(self):
        plain, symmetric = rmsd(METHYLENE, TETRAHEDRON, TETRAHEDRON[[0, 2, 1, 3, 4]])
        assert plain == symmetric == pytest.approx(np.sqrt(2 * 8 / 5))

    def test_exchanged_oxygens_are_free(self):
        formate = molecule("COOH", [(0, 1), (0, 2), (0, 3)])
        positions = np.array([[0.0, 0, 0], [0.6, 1.1, 0], [0.6, -1.1, 0], [-1.1, 0, 0]])
        plain, symmetric = rmsd(formate, positions, positions[[0, 2, 1, 3]])
        assert plain == pytest.approx(np.sqrt(2 * 2.2**2 / 4))
        assert symmetric == pytest.approx(0.0, abs=1e-3)

    def test_groups_are_minimised_each_by_itself(self):
        """A flipped ring and a methyl group that is turned by 130°."""
        _, symmetric = rmsd(TOLUENE, toluene(), toluene(turn=130, flip=-1))
        assert symmetric == pytest.approx(2 * RADIUS * np.sin(np.deg2rad(5)) * np.sqrt(3 / 15), abs=1e-3)

    def test_equals_the_minimum_over_all_permutations(self, alanine, alanine_frames, three_beads, rng):
        """All automorphisms of the bond graph that keep every carbon from being inverted."""
        samples = alanine_frames.positions[rng.integers(len(alanine_frames), size=(4, 3))]
        samples = samples + rng.normal(scale=0.5, size=samples.shape).astype(np.float32)
        reference = alanine_frames.positions[:4]
        elements = dict(enumerate(alanine.elements))
        graph = alanine.graph.copy()
        for atom, element in elements.items():
            graph.nodes[atom]["element"] = element
        centres = [sorted(graph[atom]) for atom in graph if graph.degree(atom) == 4]

        def volumes(positions):
            return [np.linalg.det(positions[centre][1:] - positions[centre][0]) for centre in centres]

        right = np.sign(volumes(reference[0]))
        matcher = GraphMatcher(graph, graph, node_match=lambda a, b: a["element"] == b["element"])
        permutations = [[images[atom] for atom in range(22)] for images in matcher.isomorphisms_iter()]
        proper = [row for row in permutations if (np.sign(volumes(reference[0][row])) == right).all()]
        assert (len(permutations), len(proper)) == (6**3, 3**3)

        def lowest(x, y):
            return min(np.sqrt(np.square(x - y[row]).sum() / 22) for row in proper)

        evaluated = Evaluation(reference, reference, samples, alanine, three_beads)
        errors = [
            [lowest(frame, sample) for sample in row] for frame, row in zip(reference, samples, strict=True)
        ]
        spreads = [[lowest(row[i], row[j]) for i, j in ((0, 1), (0, 2), (1, 2))] for row in samples]
        np.testing.assert_allclose(evaluated.symmetric_sample_rmsd, errors, rtol=1e-5)
        np.testing.assert_allclose(evaluated.symmetric_pairwise_rmsd, spreads, rtol=1e-5)
        assert (evaluated.symmetric_sample_rmsd < evaluated.sample_rmsd - 1e-3).any()

    def test_nothing_is_reduced_without_equivalent_atoms(self, rng):
        positions = rng.normal(size=(2, 3, 4, 3))
        np.testing.assert_array_equal(reduction_of_squares(positions, positions, ()), np.zeros((2, 3, 3)))
