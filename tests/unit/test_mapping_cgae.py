"""The losses of CGAE against their definitions on frames, and the mappings that it finds."""

import itertools

import networkx as nx
import numpy as np
import pytest
import torch

from cgbench.core import registry
from cgbench.core.errors import InputError
from cgbench.data.sources.bundled import BundledSettings, Source
from cgbench.mapping import cgae
from cgbench.mapping._partition import bead_index
from cgbench.mapping._partition_search import cut_bonds, search
from cgbench.mapping.base import Mapping
from cgbench.methods._baselines import least_squares_matrix

QUICK = cgae.CGAESettings(restarts=4, steps=150)


@pytest.fixture(scope="module")
def walkers(alanine_directory):
    """Frames [n_frames, 22, 3] of the first half of the walkers, and of the second."""
    frames, _ = Source(BundledSettings(directory=str(alanine_directory), stride=50)).read()
    first = frames.trajectory < 3
    return frames.positions[first], frames.positions[~first]


def squared_error(mapping, train, test):
    """Mean squared error, Å², on test frames of the linear decoder fitted to training frames."""
    train, test = train.astype(np.float64), test.astype(np.float64)
    decoder = least_squares_matrix(mapping.beads(train), train)
    centre = mapping.beads(test).mean(1, keepdims=True)
    rebuilt = decoder @ (mapping.beads(test) - centre) + centre
    return float(((rebuilt - test) ** 2).sum(-1).mean())


def as_weights(mapping):
    return torch.as_tensor(mapping.matrix)


@pytest.mark.parametrize("n_beads", [1, 3, 22])
def test_linear_error_is_the_error_of_least_squares_on_frames(walkers, n_beads, alanine):
    train, test = walkers
    random = registry.load("mapping", "random")
    mapping = random(random.Settings()).generate(alanine, n_beads, 3)
    error = cgae.linear_error(as_weights(mapping), *map(cgae.gram_matrix, walkers))
    assert float(error) == pytest.approx(squared_error(mapping, train, test), rel=1e-5, abs=1e-7)


def test_errors_of_soft_shares_are_those_of_their_definition(walkers, rng):
    x = walkers[0].astype(np.float64)
    shares = rng.dirichlet(np.ones(4), size=x.shape[1])
    weights = (shares / shares.sum(0)).T
    gram, P, M = cgae.gram_matrix(x), torch.as_tensor(shares), torch.as_tensor(weights)
    beads, centred = weights @ x, x - x.mean(1, keepdims=True)
    lifted = ((centred - shares @ (weights @ centred)) ** 2).sum(-1).mean()
    assert float(cgae.lift_error(P, M, gram)) == pytest.approx(lifted)
    centre = beads.mean(1, keepdims=True)
    rebuilt = least_squares_matrix(beads, x) @ (beads - centre) + centre
    assert float(cgae.linear_error(M, gram, gram)) == pytest.approx(((rebuilt - x) ** 2).sum(-1).mean())


def test_rotated_and_translated_frames_give_the_same_mapping(walkers, alanine, rng):
    frames = walkers[0][:60].astype(np.float64)
    rotations = np.linalg.qr(rng.normal(size=(len(frames), 3, 3)))[0]
    moved = frames @ rotations + rng.normal(size=(len(frames), 1, 3))
    first, second = (cgae.Generator(QUICK).generate(alanine, 4, 1, given) for given in (frames, moved))
    np.testing.assert_array_equal(first.bead_index, second.bead_index)


@pytest.mark.parametrize("n_beads", [4, 10])
def test_error_on_unseen_walkers_is_below_that_of_random_and_backbone_beads(walkers, alanine, n_beads):
    train, test = walkers
    others = {
        name: registry.load("mapping", name)(cgae.Settings()).generate(alanine, n_beads, 7)
        for name in ("random", "backbone")
    }
    learned = cgae.Generator(QUICK).generate(alanine, n_beads, 7, train)
    error = squared_error(learned, train, test)
    for name, mapping in others.items():
        assert error < squared_error(mapping, train, test), name


def test_the_search_never_raises_the_loss_and_ends_where_no_single_move_lowers_it(walkers):
    train, valid = map(cgae.gram_matrix, walkers)
    start = torch.arange(22) % 5
    found = search(start, lambda labels: cgae.partition_loss(labels, train, valid))

    def error(labels):
        return float(cgae.linear_error(as_weights(Mapping.centres(labels.numpy())), train, valid))

    assert error(found) < error(start)
    for atom in range(22):
        for bead in range(5):
            moved = found.clone()
            moved[atom] = bead
            if len(moved.unique()) == 5:
                assert error(moved) >= error(found) * (1 - 1e-8)


def test_more_lift_weight_gives_more_compact_beads(walkers, alanine):
    train, _ = walkers
    gram = cgae.gram_matrix(train)

    def lift(weight):
        settings = cgae.CGAESettings(restarts=4, steps=150, search_lift_weight=weight)
        mapping = cgae.Generator(settings).generate(alanine, 6, 0, train)
        shares = torch.as_tensor((mapping.matrix > 0).T.astype(float))
        return float(cgae.lift_error(shares, as_weights(mapping), gram))

    assert lift(1.0) < lift(0.0)


def test_empty_beads_take_the_farthest_atom_of_the_largest():
    line = np.array([[[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [9, 0, 0], [20, 0, 0], [21, 0, 0]]])
    gram = cgae.gram_matrix(line)
    assert cgae.fill_empty_beads(torch.tensor([0, 0, 0, 0, 3, 3]), 4, gram).tolist() == [2, 0, 0, 1, 3, 3]
    full = torch.tensor([1, 1, 0, 0, 3, 2])
    assert cgae.fill_empty_beads(full, 4, gram).tolist() == full.tolist()


def test_validation_frames_are_in_separate_segments_of_time(alanine):
    # Atom 0 moves in every fourth segment only.
    frames = np.zeros((40, 22, 3), dtype=np.float32)
    frames[:, 0, 0] = np.arange(40) // 2 % 4 == 3
    train, valid = cgae.Generator(QUICK)._gram_matrices(frames)
    assert float(train.trace()) == 0
    assert float(valid.trace()) == pytest.approx(21 / 22)


@pytest.mark.parametrize("given", [None, 19])
def test_too_few_frames_are_refused(alanine, walkers, given):
    frames = None if given is None else walkers[0][:given]
    with pytest.raises(InputError, match=rf"at least 20 training frames, but there are {given or 0}; raise"):
        cgae.Generator(QUICK).generate(alanine, 3, 0, frames)


def test_linear_error_is_finite_with_more_beads_than_frames_determine(rng):
    frames = rng.normal(size=(2, 20, 60, 3))
    weights = torch.as_tensor(np.eye(60)[:50])
    train, valid = map(cgae.gram_matrix, frames)
    assert torch.isfinite(cgae.linear_error(weights, train, valid))


def connected_beads(graph, mapping):
    beads = (np.flatnonzero(mapping.bead_index == bead).tolist() for bead in range(mapping.n_beads))
    return sum(nx.is_connected(graph.subgraph(atoms)) for atoms in beads)


def test_the_bonds_to_cut_are_those_with_the_lowest_loss_of_all_pairs(walkers, alanine):
    train, valid = map(cgae.gram_matrix, walkers)

    def loss(labels):
        return cgae.partition_loss(labels, train, valid, 0.03)

    (found,) = cut_bonds(alanine.graph, 3, loss)
    every = []
    for pair in itertools.combinations(alanine.bonds.tolist(), 2):
        graph = alanine.graph.copy()
        graph.remove_edges_from(pair)
        labels = bead_index(nx.connected_components(graph), 22)
        assert labels.max() == 2
        every.append(float(loss(torch.as_tensor(labels)[None])[0]))
    assert float(loss(found[None])[0]) == pytest.approx(min(every), rel=1e-12)


def test_a_ring_is_not_cut_and_molecules_are_not_joined():
    ring_with_tail = nx.Graph([(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (5, 6)])

    def loss(labels):
        return torch.as_tensor([float(np.ptp(np.bincount(row))) for row in labels.numpy()])

    (three,) = cut_bonds(ring_with_tail, 3, loss)
    assert [sorted(np.flatnonzero(three.numpy() == bead).tolist()) for bead in three.unique()] in (
        [[0, 1, 2], [3, 4], [5, 6]],
        [[3, 4], [0, 1, 2], [5, 6]],
    )
    assert len(cut_bonds(ring_with_tail, 2, loss)) == 1
    assert cut_bonds(ring_with_tail, 1, loss) == []
    assert cut_bonds(ring_with_tail, 6, loss) == []


def test_beads_are_connected_where_that_costs_less_than_the_weight(walkers, alanine):
    train, _ = walkers
    free, strict = (
        cgae.Generator(QUICK.model_copy(update={"connection_weight": weight})).generate(alanine, 8, 7, train)
        for weight in (0.0, 1.0)
    )
    assert connected_beads(alanine.graph, free) < connected_beads(alanine.graph, strict) == 8
    # The best connected beads are nearly as good as the best of all.
    assert squared_error(strict, train, train) < 1.1 * squared_error(free, train, train)
