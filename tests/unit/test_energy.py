"""Energies in the force field of the bundled trajectories."""

from pathlib import Path

import numpy as np
import pytest

from cgbench.chem.force_field import MAX_ENERGY, energies_per_atom
from cgbench.chem.observables import MAX_ENERGY_FRAMES, MAX_MINIMISED_FRAMES, Observables
from cgbench.core import registry
from cgbench.core.atomic_io import read_json
from cgbench.core.errors import InputError
from cgbench.data.sources.bundled import CARD, BundledSettings, Source
from cgbench.metrics._evaluation import Evaluation

ROOT = Path(__file__).parents[2]
FORCE_FIELD = ("amber99sbildn.xml", "amber99_obc.xml")
QUANTILES = {"lower_quartile": 0.25, "median": 0.5, "upper_quartile": 0.75}
SHARES = {
    f"energy_{kind}_{name}": share for kind in ("raw", "minimised") for name, share in QUANTILES.items()
}
NAMES = tuple(SHARES)


def evaluation(frames, samples, three_beads, molecule):
    return Evaluation(frames, frames, samples.astype(np.float32), molecule, three_beads, FORCE_FIELD)


def value(name, evaluated):
    metric = registry.load("metrics", name)()
    sums = metric.block_sums(evaluated, np.zeros(evaluated.n_frames, dtype=np.int64))
    return float(metric.value(sums.sum(axis=0)))


def test_is_the_force_field_of_the_bundled_data(alanine_directory):
    assert tuple(read_json(alanine_directory / CARD)["spec"]["force_field"]) == FORCE_FIELD


def energies(positions, molecule):
    """Raw and minimised energies."""
    return [energies_per_atom(positions, molecule, FORCE_FIELD, minimised=which) for which in (False, True)]


def test_energies_of_md_are_thermal(alanine_frames):
    """By equipartition 1.5 kT of potential energy per atom at most, above the minimum."""
    raw, minimised = energies(alanine_frames.positions[::30], alanine_frames.molecule)
    assert (raw > minimised).all()
    assert 0.5 < (raw - minimised).mean() < 1.5 * 2.494
    assert minimised.std() < 0.5


def test_energy_is_invariant_under_rigid_motion_and_cut_for_nanometres(alanine_frames, rng):
    frame, molecule = alanine_frames.positions[:1].astype(np.float64), alanine_frames.molecule
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    positions = np.concatenate([frame, frame @ rotation.T + 5, frame / 10])
    raw = energies_per_atom(positions, molecule, FORCE_FIELD)
    assert raw[1] == pytest.approx(raw[0], abs=1e-6)
    assert raw[2] == MAX_ENERGY


def test_frames_are_at_zero_and_noise_is_above(alanine_frames, three_beads, rng):
    frames, molecule = alanine_frames.positions[:12], alanine_frames.molecule
    same = evaluation(frames, frames[:, None], three_beads, molecule)
    for name in (*NAMES, "energy_raw_cut", "energy_minimised_cut"):
        assert value(name, same) == 0
    off = evaluation(
        frames, frames[:, None] + rng.normal(scale=0.1, size=(12, 2, 22, 3)), three_beads, molecule
    )
    quartiles = [
        value(f"energy_raw_{which}", off) for which in ("lower_quartile", "median", "upper_quartile")
    ]
    assert 10 < quartiles[0] < quartiles[1] < quartiles[2] < MAX_ENERGY
    assert abs(value("energy_minimised_median", off)) < 0.5


def test_a_broken_sample_is_counted_and_moves_no_quartile(alanine_frames, three_beads):
    """The mean of the excess energy is 1,000 / 12 = 83 kJ/mol per atom here."""
    frames, molecule = alanine_frames.positions[:12], alanine_frames.molecule
    samples = frames[:, None].copy()
    samples[3] = three_beads.lift(three_beads.beads(frames[3:4]))
    broken = evaluation(frames, samples, three_beads, molecule)
    assert value("energy_raw_cut", broken) == pytest.approx(1 / 12)
    spread = np.ptp(energies_per_atom(frames, molecule, FORCE_FIELD))
    for name in ("energy_raw_lower_quartile", "energy_raw_median", "energy_raw_upper_quartile"):
        assert 0 <= value(name, broken) < spread < 5


def test_collapsed_atoms_have_the_maximal_energy(alanine_frames, three_beads):
    frames = alanine_frames.positions[:2]
    collapsed = three_beads.lift(three_beads.beads(frames))[:, None]
    all_of_them = evaluation(frames, collapsed, three_beads, alanine_frames.molecule)
    assert value("energy_raw_median", all_of_them) > 0.99 * MAX_ENERGY
    assert value("energy_raw_cut", all_of_them) == 1


@pytest.mark.slow
def test_some_frames_stand_for_all_the_same_for_every_method(alanine_frames, three_beads):
    frames = np.tile(alanine_frames.positions[:100], (4, 1, 1))
    expected = [np.linspace(0, 399, number) for number in (MAX_ENERGY_FRAMES, MAX_MINIMISED_FRAMES)]
    for n_samples in (1, 8):
        samples = frames[:, None].repeat(n_samples, axis=1)
        evaluated = evaluation(frames, samples, three_beads, alanine_frames.molecule)
        for observables in (evaluated.reference_observables, evaluated.sample_observables):
            for row in (0, 1):
                known = np.flatnonzero(np.isfinite(observables.energies[row]))
                np.testing.assert_allclose(known, expected[row], atol=1)


@pytest.fixture(scope="module")
def parts(alanine_frames):
    """Two sets of frames, and blocks of the frames of one."""
    return [
        Observables(alanine_frames.positions[part][:, None], alanine_frames.molecule, FORCE_FIELD)
        for part in (slice(0, 12), slice(100, 112))
    ]


BLOCKS = np.arange(12) // 4


@pytest.mark.parametrize("name", NAMES)
def test_between_sets_of_frames_it_is_the_difference_of_quantiles(parts, name):
    """Symmetric, and 0 for equal sets."""
    metric = registry.load("metrics", name)()
    ends = [
        np.quantile(part.energies[int("minimised" in name)], SHARES[name], method="averaged_inverted_cdf")
        for part in parts
    ]
    assert metric.compare(*parts, BLOCKS, BLOCKS) == pytest.approx(abs(ends[0] - ends[1]))
    assert metric.compare(*parts, BLOCKS, BLOCKS) == metric.compare(*parts[::-1], BLOCKS, BLOCKS) > 0
    assert metric.compare(parts[0], parts[0], BLOCKS, BLOCKS) == 0


@pytest.mark.parametrize("name", NAMES)
def test_quantiles_of_any_resample_follow_from_sums_over_blocks(name, rng):
    """Three blocks, of which one is drawn twice; some frames are not measured."""
    metric = registry.load("metrics", name)()
    pairs = rng.normal(size=(24, 2)) * [1.0, 4.0]
    pairs[::5] = np.nan
    blocks = rng.permutation(np.arange(24) % 3)
    sums = metric.sum_frames(pairs, blocks)
    for drawn in ([0, 1, 2], [0, 0, 2], [1], [2, 2, 2]):
        chosen = np.concatenate([pairs[blocks == block] for block in drawn])
        frames, samples = np.nanquantile(chosen, SHARES[name], axis=0, method="averaged_inverted_cdf")
        assert metric.value(sums[drawn].sum(axis=0)) == pytest.approx(samples - frames)
    assert np.isnan(metric.value(0 * sums[0]))


def test_an_unknown_force_field_is_refused(alanine_frames):
    with pytest.raises(InputError, match=r"force field absent\.xml: .*; name files that come with OpenMM"):
        energies_per_atom(alanine_frames.positions[:1], alanine_frames.molecule, ["absent.xml"])


@pytest.mark.slow
def test_charges_that_fall_into_each_other_are_no_low_energy():
    """A hydroxyl hydrogen has no repulsion: close to a charge, its energy has no lower bound."""
    folder = ROOT / "workflow/resources/chignolin"
    frames, _ = Source(BundledSettings(directory=str(folder), stride=1000)).read()
    names = list(zip(frames.molecule.residue_names, frames.molecule.atom_names, strict=True))
    hydrogen, oxygen = names.index(("THR", "HG1")), names.index(("ASP", "OD1"))
    fused = frames.positions[:1].astype(np.float64)
    fused[:, hydrogen] = fused[:, oxygen] + [0.01, 0.0, 0.0]
    assert energies(fused, frames.molecule) == [MAX_ENERGY, MAX_ENERGY]
