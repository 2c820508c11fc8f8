"""The auto-encoder's algebra against frames, and its mappings against those that saw none."""

import numpy as np
import pytest
import torch

from cgbench.core import registry
from cgbench.core.errors import InputError
from cgbench.data.sources.bundled import BundledSettings, Source
from cgbench.mapping import cgae
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
    """What least squares leaves on other frames, frame by frame."""
    train, test = train.astype(np.float64), test.astype(np.float64)
    decoder = least_squares_matrix(mapping.beads(train), train)
    centre = mapping.beads(test).mean(1, keepdims=True)
    rebuilt = decoder @ (mapping.beads(test) - centre) + centre
    return float(((rebuilt - test) ** 2).sum(-1).mean())


def as_weights(mapping):
    return torch.as_tensor(mapping.matrix)


@pytest.mark.parametrize("n_beads", [1, 2, 3, 9, 22])
def test_second_moments_give_the_error_of_least_squares(walkers, n_beads, alanine):
    train, test = walkers
    random = registry.load("mapping", "random")
    mapping = random(random.Settings()).generate(alanine, n_beads, 3)
    error = cgae.linear_error(as_weights(mapping), *map(cgae.second_moments, walkers))
    assert float(error) == pytest.approx(squared_error(mapping, train, test), rel=1e-5, abs=1e-7)


def test_soft_shares_have_the_errors_of_their_definition(walkers, rng):
    x = walkers[0].astype(np.float64)
    shares = rng.dirichlet(np.ones(4), size=x.shape[1])
    weights = (shares / shares.sum(0)).T
    gram, P, M = cgae.second_moments(x), torch.as_tensor(shares), torch.as_tensor(weights)
    beads, centred = weights @ x, x - x.mean(1, keepdims=True)
    lifted = ((centred - shares @ (weights @ centred)) ** 2).sum(-1).mean()
    assert float(cgae.lift_error(P, M, gram)) == pytest.approx(lifted)
    centre = beads.mean(1, keepdims=True)
    rebuilt = least_squares_matrix(beads, x) @ (beads - centre) + centre
    assert float(cgae.linear_error(M, gram, gram)) == pytest.approx(((rebuilt - x) ** 2).sum(-1).mean())


def test_turned_and_shifted_frames_teach_the_same(walkers, alanine, rng):
    frames = walkers[0][:60].astype(np.float64)
    turns = np.linalg.qr(rng.normal(size=(len(frames), 3, 3)))[0]
    moved = frames @ turns + rng.normal(size=(len(frames), 1, 3))
    first, second = (cgae.Generator(QUICK).generate(alanine, 4, 1, given) for given in (frames, moved))
    np.testing.assert_array_equal(first.bead_index, second.bead_index)


@pytest.mark.parametrize("n_beads", [3, 4, 5, 6, 8, 10, 12])
def test_beats_mappings_that_saw_no_frames_on_walkers_it_never_saw(walkers, alanine, n_beads):
    train, test = walkers
    others = {
        name: registry.load("mapping", name)(cgae.Settings()).generate(alanine, n_beads, 7)
        for name in ("random", "backbone")
    }
    learned = cgae.Generator(cgae.CGAESettings()).generate(alanine, n_beads, 7, train)
    error = squared_error(learned, train, test)
    for name, mapping in others.items():
        assert error < squared_error(mapping, train, test), name


def test_the_search_never_raises_the_loss_and_ends_where_no_single_move_lowers_it(walkers):
    fit, held = map(cgae.second_moments, walkers)
    start = torch.arange(22) % 5
    found = cgae.search(start, fit, held, 0.0)

    def error(labels):
        return float(cgae.linear_error(as_weights(Mapping.centres(labels.numpy())), fit, held))

    assert error(found) < error(start)
    for atom in range(22):
        for bead in range(5):
            moved = found.clone()
            moved[atom] = bead
            if len(moved.unique()) == 5:
                assert error(moved) >= error(found) * (1 - 1e-8)


def test_more_weight_on_the_lift_makes_compacter_beads(walkers, alanine):
    train, _ = walkers
    gram = cgae.second_moments(train)

    def lift(weight):
        settings = cgae.CGAESettings(restarts=4, steps=150, search_lift_weight=weight)
        mapping = cgae.Generator(settings).generate(alanine, 6, 0, train)
        shares = torch.as_tensor((mapping.matrix > 0).T.astype(float))
        return float(cgae.lift_error(shares, as_weights(mapping), gram))

    assert lift(1.0) < lift(0.0)


def test_empty_beads_take_the_farthest_atom_of_the_largest():
    line = np.array([[[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [9, 0, 0], [20, 0, 0], [21, 0, 0]]])
    gram = cgae.second_moments(line)
    assert cgae.repaired(torch.tensor([0, 0, 0, 0, 3, 3]), 4, gram).tolist() == [2, 0, 0, 1, 3, 3]
    whole = torch.tensor([1, 1, 0, 0, 3, 2])
    assert cgae.repaired(whole, 4, gram).tolist() == whole.tolist()


def test_frames_held_out_lie_in_stretches_of_their_own(alanine):
    # Atom 0 tells the frame's number: the trace of G is then its variance within each share.
    frames = np.zeros((40, 22, 3), dtype=np.float32)
    frames[:, 0, 0] = np.arange(40) // 2 % 4 == 3
    fit, held = cgae.Generator(QUICK)._moments(frames)
    assert float(fit.trace()) == 0
    assert float(held.trace()) == pytest.approx(21 / 22)


@pytest.mark.parametrize("given", [None, 19])
def test_too_few_frames_are_refused(alanine, walkers, given):
    frames = None if given is None else walkers[0][:given]
    with pytest.raises(InputError, match=rf"at least 20 training frames, not from {given or 0}; raise"):
        cgae.Generator(QUICK).generate(alanine, 3, 0, frames)


def test_more_beads_than_frames_can_tell_apart(rng):
    frames = rng.normal(size=(2, 20, 60, 3))
    weights = torch.as_tensor(np.eye(60)[:50])
    fit, held = map(cgae.second_moments, frames)
    assert torch.isfinite(cgae.linear_error(weights, fit, held))
