from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from cgbench.chem.molecule import Molecule
from cgbench.core import registry
from cgbench.core.errors import InputError
from cgbench.mapping import _partition
from cgbench.mapping.backbone import backbone_groups
from cgbench.mapping.base import Mapping


def generate(name, molecule, n_beads, seed=0):
    generator = registry.load("mapping", name)
    return generator(generator.Settings()).generate(molecule, n_beads, seed)


def names_of_beads(molecule, mapping):
    return [
        {
            f"{molecule.residue_names[a]}-{molecule.atom_names[a]}"
            for a in np.flatnonzero(mapping.bead_index == k)
        }
        for k in range(mapping.n_beads)
    ]


def toy(elements, bonds):
    n = len(elements)
    return Molecule(
        tuple(elements),
        tuple(elements),
        ("LIG",) * n,
        np.zeros(n, dtype=np.int64),
        np.ones(n),
        np.array(bonds),
    )


def test_backbone_of_alanine_dipeptide_runs_from_end_to_end(alanine):
    chains = [[a for a in group if alanine.heavy[a]] for group in backbone_groups(alanine)]
    backbone = [
        next(alanine.atom_names[a] for a in chain if alanine.atom_names[a] != "O") for chain in chains
    ]
    assert len(chains) == 7
    assert backbone[0] == "CH3"
    assert "CA" in {alanine.atom_names[a] for a in chains[3]}


def test_three_backbone_beads_of_alanine_dipeptide(alanine):
    beads = names_of_beads(alanine, generate("backbone", alanine, 3))
    heavy = [sorted(name for name in bead if name[4] != "H") for bead in beads]
    assert sorted(map(len, heavy)) == [3, 3, 4]
    assert {"ALA-CA", "ALA-CB", "ALA-HA", "ALA-HB1", "ALA-HB2", "ALA-HB3"} <= beads[1]


def test_backbone_beads_hold_nearly_equal_numbers_of_heavy_atoms(alanine):
    for n_beads in (2, 3, 4, 5):
        mapping = generate("backbone", alanine, n_beads)
        counts = np.bincount(mapping.bead_index, weights=alanine.heavy)
        assert counts.max() - counts.min() <= 2


@pytest.mark.parametrize("name", ["backbone", "girvan_newman"])
def test_beads_are_connected(alanine, name):
    for n_beads in range(1, alanine.n_atoms + 1):
        mapping = generate(name, alanine, n_beads)
        for bead in range(n_beads):
            assert nx.is_connected(alanine.graph.subgraph(np.flatnonzero(mapping.bead_index == bead)))


def test_hydrogens_stay_until_every_heavy_atom_has_a_bead(alanine):
    mapping = generate("backbone", alanine, 10)
    assert np.bincount(mapping.bead_index, weights=alanine.heavy).tolist() == [1] * 10


def test_girvan_newman_cuts_a_dumbbell_at_its_bar():
    triangles = [(0, 1), (1, 2), (0, 2), (2, 3), (3, 4), (4, 5), (3, 5)]
    assert generate("girvan_newman", toy("CCCCCC", triangles), 2).bead_index.tolist() == [0, 0, 0, 1, 1, 1]


def test_two_connected_components():
    fragments = toy("CCOO", [(0, 1), (2, 3)])
    assert generate("backbone", fragments, 2).bead_index.tolist() == [0, 0, 1, 1]
    assert generate("girvan_newman", fragments, 2).bead_index.tolist() == [0, 0, 1, 1]
    with pytest.raises(InputError, match="resolution 1: the molecule has 2 connected components"):
        generate("girvan_newman", fragments, 1)


def test_backbone_of_other_molecules_is_their_longest_shortest_path():
    comb = toy("CCCCCH", [(0, 1), (1, 2), (2, 3), (1, 4), (0, 5)])
    assert generate("backbone", comb, 2).bead_index.tolist() == [0, 0, 1, 1, 0, 0]
    ring = toy("CCCC", [(0, 1), (1, 2), (2, 3), (0, 3)])
    for n_beads in range(1, 5):
        generate("backbone", ring, n_beads)


def test_random_mappings_differ_between_seeds(alanine):
    drawn = {tuple(generate("random", alanine, 6, seed).bead_index) for seed in range(20)}
    assert len(drawn) == 20


def test_even_segments_are_optimal(rng):
    for _ in range(20):
        sizes = rng.integers(1, 6, size=7).tolist()
        segments = [range(7)[s] for s in _partition.even_segments(sizes, 3)]
        assert [item for segment in segments for item in segment] == list(range(7))
        cost = sum(sum(sizes[item] for item in segment) ** 2 for segment in segments)
        every = [
            sum(sizes[:i]) ** 2 + sum(sizes[i:j]) ** 2 + sum(sizes[j:]) ** 2
            for i in range(1, 6)
            for j in range(i + 1, 7)
        ]
        assert cost == min(every)


def test_numbering_follows_the_lowest_atom():
    assert _partition.renumber(np.array([7, 7, 2, 7, 5, 2])).tolist() == [0, 0, 1, 0, 2, 1]


class TestMapping:
    def test_beads_by_hand(self):
        mapping = Mapping(np.array([0, 0, 1]), np.array([0.25, 0.75, 1.0]))
        positions = np.array([[[0.0, 0, 0], [4, 0, 0], [1, 2, 3]]])
        np.testing.assert_allclose(mapping.beads(positions), [[[3, 0, 0], [1, 2, 3]]])
        np.testing.assert_allclose(mapping.lift(mapping.beads(positions))[0, 0], [3, 0, 0])

    def test_projection_restores_the_beads(self, alanine_frames, three_beads, rng):
        positions = alanine_frames.positions.astype(np.float64)
        beads = three_beads.beads(positions)
        moved = three_beads.project(positions + rng.normal(size=positions.shape), beads)
        np.testing.assert_allclose(three_beads.beads(moved), beads, atol=1e-12)

    def test_save_and_load(self, three_beads, tmp_path):
        three_beads.save(tmp_path / "m.json")
        loaded = Mapping.load(tmp_path / "m.json")
        np.testing.assert_array_equal(loaded.bead_index, three_beads.bead_index)
        np.testing.assert_array_equal(loaded.weights, three_beads.weights)

    @pytest.mark.parametrize(
        ("bead_index", "weights", "message"),
        [
            ([0, 0, 2], [0.5, 0.5, 1.0], "bead 1 of 3 is empty"),
            ([0, 0], [0.5, 0.6], r"weights of bead 0 sum to 1\.1"),
            ([0, 0], [1.0], r"bead_index has shape \(2,\) and weights \(1,\)"),
        ],
    )
    def test_broken_mappings_are_refused(self, bead_index, weights, message):
        with pytest.raises(InputError, match=message):
            Mapping(np.array(bead_index), np.array(weights))


def test_the_page_lists_every_mapping():
    page = (Path(__file__).parents[2] / "docs" / "mappings.md").read_text()
    table = page.split("## ")[0]
    assert [name for name in registry.names("mapping") if f"\n| `{name}` |" not in table] == []


def test_groups_are_counted_in_every_partition():
    bonds = np.array([[0, 1], [1, 2], [2, 3], [3, 0], [3, 4]])  # a ring with one more atom
    labels = np.array([[0, 0, 0, 0, 0], [0, 1, 0, 1, 0], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]])
    assert _partition.count_groups(labels, bonds).tolist() == [1, 5, 3, 2]
    assert _partition.count_groups(labels[:, :1], np.empty((0, 2), dtype=np.int64)).tolist() == [1] * 4


def test_bridges_are_the_bonds_outside_rings():
    graph = nx.Graph([(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (5, 6)])
    sides = {tuple(np.flatnonzero(side).tolist()) for side in _partition.bridge_sides(graph)}
    assert sides == {(3, 4), (4,), (6,)}
    assert _partition.bridge_sides(nx.cycle_graph(4)).shape == (0, 4)
