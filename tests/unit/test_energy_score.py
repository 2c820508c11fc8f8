"""Energy score: values by hand, and what makes it a proper score."""

import numpy as np
import pytest

from cgbench.chem.molecule import Molecule
from cgbench.core import registry
from cgbench.mapping.base import Mapping
from cgbench.metrics.base import Evaluation

# Formate: the oxygens are equivalent.
FORMATE = Molecule(
    elements=("C", "O", "O", "H"),
    atom_names=("C", "O1", "O2", "H"),
    residue_names=("LIG",) * 4,
    residue_index=np.zeros(4, dtype=np.int64),
    masses=np.array([12.0, 16.0, 16.0, 1.0]),
    bonds=np.array([[0, 1], [0, 2], [0, 3]]),
)
GEOMETRY = np.array([[0.0, 0, 0], [0.6, 1.0, 0], [0.6, -1.0, 0], [-1.1, 0, 0]])
NAMES = ("energy_score", "energy_score_symmetric")


def evaluation(reference, samples):
    reference, samples = np.float32(reference), np.float32(samples)
    return Evaluation(reference, reference, samples, FORMATE, Mapping.centres(np.zeros(4, dtype=np.int64)))


def scores(name, evaluated):
    return registry.load("metrics", name)().per_frame(evaluated)


def shifted(*along_x):
    """One frame whose samples are moved along x."""
    return evaluation(GEOMETRY[None], [[GEOMETRY + np.array([x, 0, 0]) for x in along_x]])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("along_x", "expected"),
    [
        ((1.0, -1.0), 1.0 - 2.0 / 2),
        ((1.0, 3.0), 2.0 - 2.0 / 2),
        ((0.0, 1.0, 5.0), (0 + 1 + 5) / 3 - (1 + 5 + 4) / 3 / 2),
        ((2.0, 2.0, 2.0), 2.0),
        ((2.0,), 2.0),
    ],
)
def test_by_hand(name, along_x, expected):
    for atoms in ("all", "heavy"):
        found = scores(name, shifted(*along_x).restrict_to(atoms))
        assert found == pytest.approx([expected], abs=1e-6)


def test_equivalent_atoms_are_exchanged_in_both_terms():
    """An exchange of the oxygens, 2 Å each way, is neither an error nor a difference between samples."""
    exchanged = GEOMETRY[[0, 2, 1, 3]]
    evaluated = evaluation(GEOMETRY[None], [[GEOMETRY, exchanged]])
    distance = np.sqrt(2 * 2.0**2 / 4)
    assert scores("energy_score", evaluated) == pytest.approx([distance / 2 - distance / 2], abs=1e-6)
    assert scores("energy_score_symmetric", evaluated) == pytest.approx([0.0], abs=1e-3)
    both = evaluation(GEOMETRY[None], [[exchanged, exchanged]])
    assert scores("energy_score", both) == pytest.approx([distance])
    assert scores("energy_score_symmetric", both) == pytest.approx([0.0], abs=1e-3)


def test_deterministic_method_scores_its_rmsd(rng):
    reference, answer = rng.normal(size=(2, 50, 4, 3))
    evaluated = evaluation(reference, np.repeat(answer[:, None], 5, axis=1))
    rmsd = scores("rmsd_backmap_mean", evaluated)
    np.testing.assert_allclose(scores("energy_score", evaluated), rmsd, rtol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_expectation_does_not_depend_on_the_number_of_samples(name, rng):
    """With pairs of a sample and itself in the second mean, 2 samples would score 0.5 Å above 20."""
    reference, samples = rng.normal(size=(3000, 4, 3)), rng.normal(size=(3000, 20, 4, 3))
    few, many = (scores(name, evaluation(reference, samples[:, :count])) for count in (2, 20))
    difference = few - many
    error = difference.std() / np.sqrt(len(difference))
    assert error < 0.02
    assert abs(difference.mean()) < 4 * error


@pytest.mark.parametrize(
    ("wrong", "samples_from"),
    [
        ("too narrow", lambda draws: 0.6 * draws),
        ("too wide", lambda draws: 1.5 * draws),
        ("displaced", lambda draws: draws + 0.4),
        ("mean only", lambda draws: 0.0 * draws),
        ("one state of two", lambda draws: np.abs(draws)),
        ("correlated", lambda draws: np.repeat(draws[:, :, :1], 4, axis=2)),
    ],
)
def test_true_distribution_has_the_lowest_expected_score(wrong, samples_from, rng):
    """Frames and samples of independent normal coordinates; all methods see the same draws."""
    reference, draws = rng.normal(size=(3000, 4, 3)), rng.normal(size=(3000, 8, 4, 3))
    true = scores("energy_score", evaluation(reference, draws))
    other = scores("energy_score", evaluation(reference, samples_from(draws)))
    difference = other - true
    assert difference.mean() > 4 * difference.std() / np.sqrt(len(difference)), wrong


def test_lowest_error_is_not_the_lowest_score(rng):
    """The mean geometry has the lowest mean RMSD; the score prefers samples from the true distribution."""
    reference, draws = rng.normal(size=(3000, 4, 3)), rng.normal(size=(3000, 8, 4, 3))
    true, average = evaluation(reference, draws), evaluation(reference, 0.0 * draws)
    for name, better in (("rmsd_backmap_mean", average), ("energy_score", true)):
        values = {id(each): scores(name, each).mean() for each in (true, average)}
        assert min(values, key=values.__getitem__) == id(better)


@pytest.mark.parametrize(("name", "proper"), [("plain", True), ("symmetric", False)])
def test_distance_over_equivalent_atoms_is_not_proper(name, proper):
    """Oxygens turn about the axis of the molecule while the hydrogen moves by itself, independently.

    True angles are normal around 0°. The wrong ones are 0° or 90°, with the same mean of cos 2θ. Expected
    scores are sums over all geometries.
    """
    angles = np.deg2rad(np.arange(0, 180, 5))
    moves = 2.0 * np.concatenate([np.eye(3), -np.eye(3)])
    turned = np.tile(GEOMETRY, (len(angles), len(moves), 1, 1))
    turned[:, :, 1, 1], turned[:, :, 1, 2] = np.cos(angles)[:, None], np.sin(angles)[:, None]
    turned[:, :, 2, 1], turned[:, :, 2, 2] = -np.cos(angles)[:, None], -np.sin(angles)[:, None]
    turned[:, :, 3] += moves
    samples = turned.reshape(1, -1, 4, 3)
    evaluated = evaluation(samples[:, 0], samples)
    pairs = {
        "plain": evaluated.sample_observables.pairwise_rmsd,
        "symmetric": evaluated.symmetric_pairwise_rmsd,
    }[name][0]
    distances = np.zeros((len(angles) * len(moves),) * 2)
    distances[np.triu_indices_from(distances, k=1)] = pairs
    distances += distances.T
    true = np.exp(-np.square((angles + np.pi / 2) % np.pi - np.pi / 2) / (2 * 0.5**2))
    true /= true.sum()
    wrong = np.zeros_like(true)
    wrong[0] = (1 + true @ np.cos(2 * angles)) / 2
    wrong[18] = 1 - wrong[0]
    q, p = (np.repeat(weights / len(moves), len(moves)) for weights in (true, wrong))
    expected_true = q @ distances @ q / 2
    expected_wrong = p @ distances @ q - p @ distances @ p / 2
    assert (expected_true < expected_wrong) == proper
    assert abs(expected_true - expected_wrong) > 1e-3
