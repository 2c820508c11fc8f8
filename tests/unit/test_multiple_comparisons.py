"""Marks of methods: how often a difference between equally good methods is called one."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from cgbench.statistics.confidence_intervals import FoldValues
from cgbench.statistics.multiple_comparisons import N_BOARDS, chance_of_lead, leads


@pytest.fixture(scope="module")
def simulated() -> dict[str, Any]:
    return runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/intervals.py"))


@pytest.mark.parametrize("spread", [0.0, 1.0])
@pytest.mark.parametrize(
    ("blocks", "effect"),
    [((2, 2, 2), 0.0), ((2, 2, 2), 1.0), ((2, 2, 2), 5.0), ((5, 5, 4), 0.0), ((5, 5, 4), 5.0), ((6,), 0.0)],
)
def test_few_boards_of_equal_methods_have_a_wrong_mark(
    simulated: dict[str, Any], blocks: tuple[int, ...], effect: float, spread: float
) -> None:
    assert simulated["wrong_boards"](blocks, effect, spread, n=1500) <= 0.05


def test_the_lead_of_one_of_two_methods_is_that_of_a_t_test() -> None:
    """With one fold, the largest lead of two methods is the absolute value of Student's t."""
    for statistic in (1.0, 2.571, 4.0):
        expected = 2 * stats.t.sf(statistic, 5)
        assert chance_of_lead(statistic, (6,), 2) == pytest.approx(expected, abs=0.02)


def test_more_methods_need_a_larger_lead() -> None:
    chances = [chance_of_lead(4.0, (5, 5, 4), n_methods) for n_methods in (2, 4, 12)]
    assert chances == sorted(chances) and chances[0] < 0.5 * chances[-1]


def test_chances_are_those_of_a_simulation() -> None:
    assert chance_of_lead(np.inf, (2, 2, 2), 3) == 1 / N_BOARDS
    assert chance_of_lead(0.0, (2, 2, 2), 3) == 1.0
    assert chance_of_lead(-4.0, (2, 2, 2), 3) == chance_of_lead(4.0, (2, 2, 2), 3)
    assert np.isnan(chance_of_lead(np.nan, (2, 2, 2), 3))


def test_leads_are_differences_from_the_best_method() -> None:
    """Blocks of one fold; the best method is the second, and the third is far behind it."""
    blocks = np.array([[[2.0, 4.0, 3.0], [1.0, 3.0, 2.0], [9.0, 10.0, 14.0]]])
    values = FoldValues(blocks.mean(axis=-1, keepdims=True), blocks, np.zeros(3, dtype=np.int64))
    difference = blocks[0, 2] - blocks[0, 1]
    assert leads(values) == pytest.approx([np.inf])  # the first is behind by 1 in every block
    blocks[0, 0, 0] = 2.5
    assert leads(values)[0] >= difference.mean() / stats.sem(difference)
