"""Energies in the force field of the bundled trajectories."""

from pathlib import Path

import numpy as np
import pytest

from cgbench.chem.energy import WORST, energies_per_atom
from cgbench.chem.observables import ENERGIES, Observables
from cgbench.core import registry
from cgbench.core.atomic_io import read_json
from cgbench.core.errors import InputError
from cgbench.data.sources.bundled import CARD, BundledSettings, Source
from cgbench.metrics._evaluation import Evaluation

ROOT = Path(__file__).parents[2]
FORCE_FIELD = ("amber99sbildn.xml", "amber99_obc.xml")


def evaluation(frames, samples, three_beads, molecule):
    return Evaluation.of_all_atoms(
        frames, frames, samples.astype(np.float32), molecule, three_beads, FORCE_FIELD
    )


def value(name, evaluated):
    metric = registry.load("metrics", name)()
    sums = metric.statistics(evaluated, np.zeros(evaluated.n_frames, dtype=np.int64))
    return float(metric.value(sums.sum(axis=0)))


def test_is_the_force_field_of_the_bundled_data(alanine_directory):
    assert tuple(read_json(alanine_directory / CARD)["spec"]["force_field"]) == FORCE_FIELD


def test_energies_of_md_are_thermal(alanine_frames):
    """By equipartition 1.5 kT of potential energy per atom at most, above the minimum."""
    raw, minimised = energies_per_atom(alanine_frames.positions[::30], alanine_frames.molecule, FORCE_FIELD)
    assert (raw > minimised).all()
    assert 0.5 < (raw - minimised).mean() < 1.5 * 2.494
    assert minimised.std() < 0.5


def test_motion_as_a_whole_costs_nothing_and_nanometres_everything(alanine_frames, rng):
    frame, molecule = alanine_frames.positions[:1].astype(np.float64), alanine_frames.molecule
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    raw, _ = energies_per_atom(np.concatenate([frame, frame @ turn.T + 5, frame / 10]), molecule, FORCE_FIELD)
    assert raw[1] == pytest.approx(raw[0], abs=1e-6)
    assert raw[2] == WORST


def test_frames_are_at_zero_and_noise_is_above(alanine_frames, three_beads, rng):
    frames, molecule = alanine_frames.positions[:12], alanine_frames.molecule
    same = evaluation(frames, frames[:, None], three_beads, molecule)
    assert value("energy_raw", same) == value("energy_minimised", same) == 0
    off = evaluation(
        frames, frames[:, None] + rng.normal(scale=0.1, size=(12, 2, 22, 3)), three_beads, molecule
    )
    assert 10 < value("energy_raw", off) < WORST
    assert abs(value("energy_minimised", off)) < 0.5


def test_collapsed_atoms_are_as_bad_as_can_be(alanine_frames, three_beads):
    frames = alanine_frames.positions[:2]
    collapsed = three_beads.lift(three_beads.beads(frames))[:, None]
    assert (
        value("energy_raw", evaluation(frames, collapsed, three_beads, alanine_frames.molecule))
        > 0.99 * WORST
    )


@pytest.mark.slow
def test_some_frames_stand_for_all_the_same_for_every_method(alanine_frames, three_beads):
    frames = alanine_frames.positions[:70]
    for n_samples in (1, 8):
        samples = frames[:, None].repeat(n_samples, axis=1)
        of = evaluation(frames, samples, three_beads, alanine_frames.molecule)
        for observables in (of.reference_observables, of.sample_observables):
            known = np.flatnonzero(np.isfinite(observables.energies[0]))
            np.testing.assert_array_equal(known, 3 * np.arange(ENERGIES))


def test_between_sets_of_frames_it_is_the_difference_of_means(alanine_frames):
    """Whichever is taken for the truth: 0 of equal sets, and by as much as one is colder."""
    parts = [
        Observables(alanine_frames.positions[part][:, None], alanine_frames.molecule, FORCE_FIELD)
        for part in (slice(0, 12), slice(100, 112))
    ]
    for name, row in (("energy_raw", 0), ("energy_minimised", 1)):
        metric = registry.load("metrics", name)()
        means = [part.energies[row].mean() for part in parts]
        assert metric.between(*parts) == pytest.approx(abs(means[0] - means[1]))
        assert metric.between(*parts) == metric.between(*parts[::-1]) > 0
        assert metric.between(parts[0], parts[0]) == 0


def test_an_unknown_force_field_is_refused(alanine_frames):
    with pytest.raises(InputError, match=r"force field absent\.xml: .*; name files that come with OpenMM"):
        energies_per_atom(alanine_frames.positions[:1], alanine_frames.molecule, ["absent.xml"])


@pytest.mark.slow
def test_charges_that_fall_into_each_other_are_no_low_energy():
    """A hydroxyl hydrogen has no repulsion of its own: put beside a charge, it falls onto it, without end."""
    folder = ROOT / "workflow/resources/chignolin"
    frames, _ = Source(BundledSettings(directory=str(folder), stride=1000)).read()
    names = list(zip(frames.molecule.residue_names, frames.molecule.atom_names, strict=True))
    hydrogen, oxygen = names.index(("THR", "HG1")), names.index(("ASP", "OD1"))
    fused = frames.positions[:1].astype(np.float64)
    fused[:, hydrogen] = fused[:, oxygen] + [0.01, 0.0, 0.0]
    raw, minimised = energies_per_atom(fused, frames.molecule, FORCE_FIELD)
    assert raw[0] == minimised[0] == WORST
