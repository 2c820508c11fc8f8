"""Noise floor: MD against MD."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cgbench.chem.force_field import energies_per_atom, force_field_of
from cgbench.config.schema import Protocol
from cgbench.core import registry
from cgbench.data.sources.bundled import CARD
from cgbench.data.splits import make_split
from cgbench.results.energies_file import read_energies
from cgbench.statistics.noise_floor import COLUMNS, noise_floor, write_noise_floor


@pytest.fixture(scope="module")
def split(alanine_frames):
    return make_split(alanine_frames, Protocol(folds=3), 1, 0)


@pytest.fixture(scope="module")
def floor(alanine_frames, split):
    return noise_floor(alanine_frames, split, registry.names("metrics"), "toy")


def test_has_the_metrics_that_compare_distributions(floor, split):
    assert tuple(floor.columns) == COLUMNS
    found = {(row.metric, row.atoms) for row in floor.itertuples()}
    lengths = ("bond_length_energy_distance", "angle_energy_distance")
    assert found == {(name, atoms) for name in lengths for atoms in ("all", "heavy")} | {
        ("phi_psi_energy_distance", "all")
    }
    assert set(floor["fold"]) == {1}
    assert set(floor["n_frames"]) == {len(split.test)}


@pytest.mark.slow
def test_energies_have_a_floor_where_the_force_field_is_known(alanine_frames, split, alanine_directory):
    names = ["energy_raw_median", "energy_raw_cut", "energy_minimised_median", "rmsd_sample"]
    files = force_field_of(alanine_directory / CARD)
    known = noise_floor(alanine_frames, split, names, "toy", files).set_index("metric")
    assert set(known.index) == {"energy_raw_median", "energy_minimised_median"}
    assert (known["atoms"] == "all").all()
    assert (known["n_frames"] == [min(most, len(split.test)) for most in (200, 20)]).all()
    # Medians of 20 energies or more with a standard deviation of half a kJ/mol per atom.
    assert known["value"].between(0.0, 1.0, inclusive="neither").all()
    heated = alanine_frames.positions.copy()
    noise = np.random.default_rng(0).normal(scale=0.05, size=heated[split.train].shape)
    heated[split.train] += noise.astype(np.float32)
    hot = noise_floor(replace(alanine_frames, positions=heated), split, names, "toy", files)
    assert hot.set_index("metric").loc["energy_raw_median", "value"] > 3


def test_is_near_zero_and_far_below_anything_wrong(floor):
    """As the mean of 1,000 against 1,000 frames is, so is that of a few dozen."""
    values = floor.set_index(["metric", "atoms"])["value"]
    assert abs(values["bond_length_energy_distance", "all"]) < 0.001
    assert abs(values["angle_energy_distance", "all"]) < 0.1
    assert abs(values["phi_psi_energy_distance", "all"]) < 0.02


def test_compares_test_frames_with_training_frames(alanine_frames, split, floor):
    """With the training frames of another molecule's shape, the floor is their difference."""
    stretched = alanine_frames.positions.copy()
    stretched[split.train] *= 1.1
    off = noise_floor(
        replace(alanine_frames, positions=stretched), split, ["bond_length_energy_distance"], "toy"
    )
    assert off["value"].min() > 0.1
    others = alanine_frames.positions.copy()
    others[split.valid] *= 1.1
    same = noise_floor(
        replace(alanine_frames, positions=others), split, ["bond_length_energy_distance"], "toy"
    )
    found = floor[floor["metric"] == "bond_length_energy_distance"]
    assert same["value"].tolist() == found["value"].tolist()


def test_equally_many_frames_on_both_sides(alanine_frames, split):
    few = replace(split, train=split.train[:10])
    assert set(noise_floor(alanine_frames, few, ["angle_energy_distance"], "toy")["n_frames"]) == {10}


def test_is_written(alanine_frames, split, floor, tmp_path):
    alanine_frames.save(tmp_path / "frames.npz")
    split.save(tmp_path / "split.json")
    files = tmp_path / "frames.npz", tmp_path / "split.json"
    write_noise_floor(*files, registry.names("metrics"), "toy", tmp_path / "floor.csv")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "floor.csv"), floor, check_dtype=False)


@pytest.mark.slow
def test_energies_of_the_test_frames_are_written(alanine_frames, split, alanine_directory, tmp_path):
    card = alanine_directory / CARD
    alanine_frames.save(tmp_path / "frames.npz")
    split.save(tmp_path / "split.json")
    names = ["energy_raw_median", "bond_length_energy_distance"]
    write_noise_floor(
        tmp_path / "frames.npz", tmp_path / "split.json", names, "toy", tmp_path / "floor.csv", card,
        energies_path=tmp_path / "energies.csv",
    )  # fmt: skip
    found = read_energies(tmp_path / "energies.csv", split.test)
    for row, most in enumerate((200, 20)):
        known = np.flatnonzero(np.isfinite(found[row]))
        assert len(known) == min(most, len(split.test))
        positions = alanine_frames.positions[split.test[known]]
        files = force_field_of(card)
        expected = energies_per_atom(positions, alanine_frames.molecule, files, minimised=bool(row))
        np.testing.assert_array_equal(found[row, known], expected)
    table = noise_floor(alanine_frames, split, names, "toy", force_field_of(card))
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "floor.csv"), table, check_dtype=False)


@pytest.mark.parametrize(
    ("names", "with_card"),
    [(["energy_raw_median", "angle_energy_distance"], False), (["angle_energy_distance"], True)],
    ids=str,
)
def test_the_file_of_energies_is_empty_if_none_are_needed(
    alanine_frames, split, alanine_directory, tmp_path, names, with_card
):
    alanine_frames.save(tmp_path / "frames.npz")
    split.save(tmp_path / "split.json")
    write_noise_floor(
        tmp_path / "frames.npz", tmp_path / "split.json", names, "toy", tmp_path / "floor.csv",
        alanine_directory / CARD if with_card else None, tmp_path / "energies.csv",
    )  # fmt: skip
    assert read_energies(tmp_path / "energies.csv", split.test) is None
    assert set(pd.read_csv(tmp_path / "floor.csv")["metric"]) == {"angle_energy_distance"}
