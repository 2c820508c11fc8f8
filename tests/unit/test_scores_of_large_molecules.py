"""What is bounded for large molecules: sums of distributions over blocks, and energies."""

import numpy as np
import pytest

from cgbench.chem.molecule import Molecule
from cgbench.chem.observables import MAX_ENERGY_ATOMS, MAX_MINIMISED_ATOMS
from cgbench.core import registry
from cgbench.mapping.base import Mapping
from cgbench.metrics.base import MOST_BYTES, Evaluation
from cgbench.pipeline.score import score_blocks
from cgbench.statistics.confidence_intervals import Estimate, FoldValues

BLOCKS = np.arange(40) // 2
DISTRIBUTIONS = ("bond_length_energy_distance", "bond_length_w1", "angle_energy_distance", "angle_w1")


def chain(n_atoms):
    return Molecule(
        elements=("C",) * n_atoms,
        atom_names=("C",) * n_atoms,
        residue_names=("LIG",) * n_atoms,
        residue_index=np.zeros(n_atoms, dtype=np.int64),
        masses=np.ones(n_atoms),
        bonds=np.stack([np.arange(n_atoms - 1), np.arange(1, n_atoms)], axis=1),
    )


def evaluation(n_atoms, rng):
    """Chains whose samples have longer bonds than the frames, and wider angles."""
    line = 1.5 * np.arange(n_atoms)[:, None] * np.array([1.0, 0, 0])
    frames = (line + rng.normal(scale=0.1, size=(len(BLOCKS), n_atoms, 3))).astype(np.float32)
    samples = (1.05 * frames + rng.normal(scale=0.2, size=frames.shape))[:, None].astype(np.float32)
    one_bead = Mapping.centres(np.zeros(n_atoms, dtype=np.int64))
    return Evaluation(frames, samples[:, 0], samples, chain(n_atoms), one_bead)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_sums_of_few_terms_keep_all_blocks(name, rng):
    assert len(registry.load("metrics", name)().block_sums(evaluation(100, rng), BLOCKS)) == 20


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_sums_of_many_terms_are_joined(name, rng):
    metric = registry.load("metrics", name)()
    large = evaluation(2000, rng)
    sums = metric.block_sums(large, BLOCKS)
    assert 2 < len(sums) < 20
    assert MOST_BYTES / 2 < sums.nbytes <= MOST_BYTES
    in_joined = metric.block_sums(large, BLOCKS * len(sums) // 20)
    assert metric.value(sums.sum(axis=0)) == metric.value(in_joined.sum(axis=0)) > 0


def test_enough_blocks_are_left_for_an_interval(rng):
    metric = registry.load("metrics", "bond_length_energy_distance")()
    sums = metric.block_sums(evaluation(5000, rng), BLOCKS)
    assert len(sums) == 3
    estimate = Estimate.of(FoldValues.of_sums([sums], metric.value))
    assert estimate.low < metric.value(sums.sum(axis=0)) < estimate.high
    assert len(metric.block_sums(evaluation(5000, rng), np.zeros_like(BLOCKS))) == 1


def test_energies_are_measured_up_to_a_number_of_atoms():
    for name, most in (("raw", MAX_ENERGY_ATOMS), ("minimised", MAX_MINIMISED_ATOMS)):
        metric = registry.load("metrics", f"energy_{name}_median")()
        assert metric.applies(chain(most), ("amber99sbildn.xml",))
        assert not metric.applies(chain(most + 1), ("amber99sbildn.xml",))


def test_a_note_says_that_a_molecule_is_too_large_for_energies(rng):
    notes = []
    large = evaluation(MAX_ENERGY_ATOMS + 1, rng)
    assert not list(score_blocks(large, ["energy_raw_median"], BLOCKS, notes.append))
    assert notes == [
        "energy_raw_median (all atoms): left out, because there are 2,001 of them, and it measures at most "
        "2,000"
    ]
