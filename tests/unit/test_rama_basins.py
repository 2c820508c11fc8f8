"""Basins, their populations and errors, and divergences, against counts by hand."""

import numpy as np
import pytest

from cgbench.chem.rama_basins import basin_of, divergence, populations

HELIX, EXTENDED, LEFT = [-75.0, -30.0], [-150.0, 155.0], [55.0, 40.0]


def test_basins_of_known_angles() -> None:
    angles = np.array([[-150, 155], [-75, 145], [-75, -30], [55, 40], [-75, -170], [170, 170]], dtype=float)
    assert basin_of(angles).tolist() == ["beta", "PPII", "alphaR", "alphaL", "PPII", "beta"]


def test_populations_exclude_the_left_handed_basin() -> None:
    walker = np.array([LEFT] * 20 + ([HELIX] * 3 + [EXTENDED]) * 20)
    table = populations({"a": walker, "b": walker}).set_index(["walker", "basin"])
    assert table.loc[("a", "alphaR"), "population"] == pytest.approx(0.75)
    assert table.loc[("a", "alphaR"), "share"] == pytest.approx(0.60)
    assert table.loc[("a", "alphaR"), "entries"] == 20
    assert table.loc[("a", "alphaR"), "standard_error"] == pytest.approx(0)
    assert table.loc[("all", "alphaR"), "entries"] == 40
    assert table.loc[("a", "alphaL"), "share"] == pytest.approx(0.2)
    assert np.isnan(table.loc[("a", "alphaL"), "population"])


def test_divergence_runs_from_equal_to_disjoint() -> None:
    helix, extended = np.full((10, 2), -45.0), np.full((10, 2), 135.0)
    assert divergence(helix, helix) == pytest.approx(0)
    assert divergence(helix, extended) == pytest.approx(np.log(2))


def test_errors_come_from_blocks_of_a_walker() -> None:
    walker = np.array([HELIX] * 10 + [EXTENDED] * 10)  # ten blocks of two, all or nothing
    table = populations({"a": walker}).set_index(["walker", "basin"])
    expected = np.std([1] * 5 + [0] * 5, ddof=1) / np.sqrt(10)
    assert table.loc[("a", "alphaR"), "standard_error"] == pytest.approx(expected)
    assert np.isnan(table.loc[("all", "alphaR"), "standard_error"])


def test_residues_are_pooled() -> None:
    first, second = np.array([HELIX] * 20), np.array([LEFT, EXTENDED] * 10)
    table = populations({"a": np.stack([first, second], axis=1)}).set_index(["walker", "basin"])
    assert table.loc[("a", "alphaR"), "population"] == pytest.approx(20 / 30)
    assert table.loc[("a", "alphaL"), "share"] == pytest.approx(10 / 40)
    assert table.loc[("a", "alphaL"), "entries"] == 9


def test_a_walker_in_the_left_handed_basin_does_not_affect_other_populations() -> None:
    walkers = {"stuck": np.array([LEFT] * 20), "free": np.array([HELIX] * 20)}
    table = populations(walkers).set_index(["walker", "basin"])
    assert np.isnan(table.loc[("stuck", "alphaR"), "population"])
    assert table.loc[("all", "alphaR"), "population"] == 1.0
    assert table.loc[("all", "alphaL"), "share"] == 0.5
