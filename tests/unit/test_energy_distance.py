"""Energy distances: by hand, equal on average for all numbers of frames and samples, and of enough power."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import energy_distance as distance_of_equal_weights

from cgbench.chem.energy_distance import apart, energy_distance, pair_sums
from cgbench.chem.histograms import TorsionGrid, UniformGrid
from cgbench.chem.molecule import Molecule
from cgbench.core import registry
from cgbench.mapping.base import Mapping
from cgbench.metrics._evaluation import Evaluation

LINE = UniformGrid(step=0.1, n_intervals=30)
CIRCLE = TorsionGrid(36)
TORUS = TorsionGrid(12, n_torsions=2)
REPEATS = 200


def estimates(grid, first, second):
    """Energy distance from weights of blocks [n_blocks, n_terms, bins]: [n_terms]."""
    within_blocks = pair_sums(grid, first, second).sum(axis=0)
    return energy_distance(grid, first.sum(axis=0), second.sum(axis=0), within_blocks)


def distance_of_torsions(one, other):
    """Distance of two torsions or tuples of torsions, in periods."""
    difference = 2 * np.pi * (np.asarray(one) - np.asarray(other))
    return 1 - np.exp((np.cos(difference) - 1).sum() / np.radians(15) ** 2)


def mean_distance(distance, one, other):
    """Mean over pairs of values of different blocks; both are lists of pairs of a block and a value."""
    pairs = [distance(x, y) for (a, x), (b, y) in product(one, other) if a != b]
    return np.mean(pairs)


@pytest.mark.parametrize(
    ("grid", "distance"),
    [(LINE, lambda x, y: abs(x - y)), (CIRCLE, distance_of_torsions), (TORUS, distance_of_torsions)],
)
def test_is_a_mean_over_pairs_of_values_in_different_blocks(grid, distance, rng):
    blocks = np.array([0, 0, 1, 1, 1, 2, 3])
    if grid is LINE:
        values = [rng.integers(0, 31, size=(len(blocks), n, 1)) / 10 for n in (1, 3)]
    else:
        shape = (1, grid.n_torsions)
        values = [rng.integers(0, grid.n_intervals, size=(len(blocks), n, *shape)) for n in (1, 3)]
        # Middles of bins.
        values = [(each + 0.5) / grid.n_intervals for each in values]
    found = estimates(grid, *(grid.weights(each, blocks) for each in values))
    first, second = (
        [(block, value[0]) for block, frame in zip(blocks, each, strict=True) for value in frame]
        for each in values
    )
    if grid is LINE:
        first, second = ([(block, float(value)) for block, value in each] for each in (first, second))
    pairs = ((first, second), (first, first), (second, second))
    between, within_first, within_second = (mean_distance(distance, *pair) for pair in pairs)
    assert found == pytest.approx(2 * between - within_first - within_second)


def test_of_many_frames_is_that_of_scipy(rng):
    """With all pairs in place of those of different blocks the difference is one of a thousand frames."""
    first, second = rng.normal(1.5, 0.3, 1000), rng.normal(1.8, 0.4, 1000)
    each = np.arange(1000)
    found = estimates(LINE, *(LINE.weights(values[:, None, None], each) for values in (first, second)))
    assert found == pytest.approx(distance_of_equal_weights(first, second) ** 2, rel=0.05)


def test_values_beyond_the_grid_count_as_its_end():
    blocks = np.arange(2)
    near, far = (LINE.weights(np.full((2, 1, 1), length), blocks) for length in (1.0, 70.0))
    assert estimates(LINE, near, far) == pytest.approx(2 * 2.0)


def test_needs_two_blocks():
    one = CIRCLE.weights(np.full((5, 1, 1, 1), 0.3), np.zeros(5, dtype=np.int64))
    assert np.isnan(estimates(CIRCLE, one, one)).all()
    two = np.concatenate([one, one])
    assert estimates(CIRCLE, two, two) == pytest.approx(0)
    # Of independent ensembles, each needs two.
    assert np.isnan(estimates(CIRCLE, *apart(one, two))).all()
    assert estimates(CIRCLE, *apart(two, two)) == pytest.approx(0)


def states(rng, shares, *shape):
    """Draw torsions, in periods, from narrow states at 0°, 100°, 200°, ... with these shares."""
    state = rng.choice(len(shares), size=shape, p=shares)
    return (state * 100 + rng.normal(scale=8, size=shape)) / 360 % 1


def drawn(rng, n_frames, samples, shares=(0.7, 0.3)):
    """Weights of frames and samples of ``REPEATS`` independent tests at once, a block for each frame.

    ``samples`` is their number, or "copies" for eight equal ones.
    """
    n_drawn = 1 if samples == "copies" else samples
    frames = states(rng, (0.7, 0.3), n_frames, 1, REPEATS, 1)
    values = states(rng, shares, n_frames, n_drawn, REPEATS, 1)
    if samples == "copies":
        values = values.repeat(8, axis=1)
    return tuple(CIRCLE.weights(each, np.arange(n_frames)) for each in (frames, values))


SIZES = [(5, 1), (5, 8), (5, "copies"), (40, 1), (40, "copies"), (120, 1), (120, 8)]


@pytest.mark.parametrize(("n_frames", "samples"), SIZES)
def test_is_zero_on_average_for_equal_distributions(n_frames, samples, rng):
    found = estimates(CIRCLE, *drawn(rng, n_frames, samples))
    assert abs(found.mean()) < 3.5 * found.std() / np.sqrt(REPEATS)
    assert found.min() < 0


@pytest.mark.parametrize(("n_frames", "samples"), SIZES)
def test_is_the_same_on_average_for_other_distributions(n_frames, samples, rng):
    """Two tenths of the geometries are in another state, 2 · 0.2² by the distance of states, about 0.76."""
    shares = (0.5, 0.5)
    many = [CIRCLE.weights(states(rng, each, 40_000, 1, 1, 1), np.arange(40_000) % 50) for each in (
        (0.7, 0.3), shares,
    )]  # fmt: skip
    (expected,) = estimates(CIRCLE, *many)
    found = estimates(CIRCLE, *drawn(rng, n_frames, samples, shares))
    assert abs(found.mean() - expected) < 3.5 * found.std() / np.sqrt(REPEATS) + 0.003
    assert 0.05 < expected < 0.08


def test_divergence_of_histograms_depends_on_the_numbers(rng):
    """What the energy distance is for: the divergence of equal distributions falls with their number."""
    divergence = registry.load("metrics", "chi_jsd")()
    few, many, more = (
        np.mean(divergence.distance(*(each.sum(axis=0) for each in drawn(rng, *size))))
        for size in ((5, 1), (120, 1), (120, 8))
    )
    assert few > 4 * many > 4 * 1.5 * more


def test_frames_of_a_block_may_be_correlated(rng):
    """A slow torsion keeps its value in a trajectory, and samples of its beads do not know the value."""
    frames = states(rng, (0.7, 0.3), 12, 1, REPEATS, 1).repeat(20, axis=0)
    samples = states(rng, (0.7, 0.3), 240, 4, REPEATS, 1)
    by_trajectory, by_frame = np.arange(240) // 20, np.arange(240)
    found, biased = (
        estimates(CIRCLE, *(CIRCLE.weights(each, blocks) for each in (frames, samples)))
        for blocks in (by_trajectory, by_frame)
    )
    error = found.std() / np.sqrt(REPEATS)
    assert abs(found.mean()) < 3.5 * error
    assert biased.mean() > 10 * error


@pytest.mark.parametrize("shares", [(0.4, 0.6), (0.5, 0.3, 0.2)])
def test_finds_a_wrong_distribution(shares, rng):
    found, equal = (estimates(CIRCLE, *drawn(rng, 120, 8, each)) for each in (shares, (0.7, 0.3)))
    # In 95 of 100 tests beyond what 95 of 100 tests of equal distributions reach.
    assert np.quantile(found, 0.05) > np.quantile(equal, 0.95)


# Four atoms of a serine, a torsion χ1 about CA-CB.
SERINE = Molecule(
    elements=("N", "C", "C", "O"),
    atom_names=("N", "CA", "CB", "OG"),
    residue_names=("SER",) * 4,
    residue_index=np.zeros(4, dtype=np.int64),
    masses=np.array([14.0, 12.0, 12.0, 16.0]),
    bonds=np.array([[0, 1], [1, 2], [2, 3]]),
)
NAMES = ("chi_energy_distance", "bond_length_energy_distance", "angle_energy_distance")


def serines(rng, share, *shape):
    """N, CA, CB and OG with χ1 in one of two states, C–O bonds of 1.4 ± 0.05 Å and angles of 90° ± 3°."""
    turn, length, bend = (
        np.radians(360 * states(rng, (share, 1 - share), *shape)),
        rng.normal(1.4, 0.05, size=shape),
        rng.normal(scale=0.05, size=shape),
    )
    zero = np.zeros(shape)
    across, along = length * np.cos(bend), length * np.sin(bend)
    atoms = (
        (zero + 1, zero, zero), (zero, zero, zero), (zero, zero, zero + 1.5),
        (across * np.cos(turn), across * np.sin(turn), 1.5 + along),
    )  # fmt: skip
    return np.stack([np.stack(atom, axis=-1) for atom in atoms], axis=-2).astype(np.float32)


def values(frames, samples):
    one_bead = Mapping.centres(np.zeros(4, dtype=np.int64))
    evaluation = Evaluation(frames, frames, samples, SERINE, one_bead)
    metrics = [registry.load("metrics", name)() for name in NAMES]
    blocks = np.arange(len(frames))
    return np.array([metric.value(metric.block_sums(evaluation, blocks).sum(axis=0)) for metric in metrics])


@pytest.mark.parametrize("n_samples", [1, 4])
def test_metrics_are_zero_on_average_for_samples_of_the_distribution(n_samples, rng):
    found = [values(serines(rng, 0.7, 12), serines(rng, 0.7, 12, n_samples)) for _ in range(40)]
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(40)
    assert (np.abs(mean) < 3.5 * error).all()


def test_metrics_do_not_count_equal_samples(rng):
    frames, samples = serines(rng, 0.7, 30), serines(rng, 0.5, 30, 1)
    np.testing.assert_allclose(values(frames, samples), values(frames, samples.repeat(8, axis=1)), atol=1e-9)
    assert values(frames, frames[:, None].repeat(8, axis=1)) == pytest.approx(0, abs=1e-9)


def test_metrics_find_each_error(rng):
    frames = serines(rng, 0.7, 100)
    right, turned = serines(rng, 0.7, 100, 2), serines(rng, 0.2, 100, 2)
    longer = right.copy()
    longer[..., 3, :2] *= 1.1
    chi, length, angle = (values(frames, samples) for samples in (turned, longer, right))
    assert chi[0] > 0.2 and abs(chi[1]) < 0.01 and abs(chi[2]) < 0.5
    assert length[1] > 0.05  # one of three bonds is 0.14 Å longer
    assert np.abs(angle).max() < 0.5


def test_md_against_md_is_measured_as_a_method_is(rng):
    """Two independent ensembles: compared as such, or as samples of one for the beads of the other."""
    metric = registry.load("metrics", "chi_energy_distance")()
    one_bead = Mapping.centres(np.zeros(4, dtype=np.int64))
    first, second = (serines(rng, share, 40) for share in (0.7, 0.4))
    evaluation = Evaluation(first, first, second[:, None], SERINE, one_bead)
    ensembles = evaluation.reference_observables, evaluation.sample_observables
    tens, fives = np.arange(40) // 4, np.arange(40) // 8
    compared = metric.compare(*ensembles, tens, fives)
    assert compared == pytest.approx(metric.compare(*ensembles[::-1], fives, tens))
    paired = metric.value(metric.block_sums(evaluation, tens).sum(axis=0))
    assert compared == pytest.approx(float(paired), abs=0.03)
    assert compared > 0.05
