"""docs/metrics.md defines every metric with its declared unit and direction."""

import re
from pathlib import Path

import pytest

from cgbench.core import registry
from cgbench.metrics.base import EnsembleMetric

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/metrics.md").read_text()
# Name, definition, unit and direction, limitations. A bar within a cell is written with a backslash.
ROWS = {
    row[0].strip("` "): [cell.strip() for cell in row[1:]]
    for row in (
        re.split(r"(?<!\\)\|", line.strip("|")) for line in PAGE.splitlines() if line.startswith("| `")
    )
}


def test_every_metric_has_one_row_and_every_row_a_metric() -> None:
    assert sorted(ROWS) == registry.names("metrics")
    assert len(re.findall(r"^\| `", PAGE, flags=re.MULTILINE)) == len(ROWS)


@pytest.mark.parametrize("name", registry.names("metrics"))
def test_row_has_definition_unit_direction_and_limitations(name: str) -> None:
    metric = registry.load("metrics", name)
    assert name in ROWS, "add a row to docs/metrics.md"
    definition, declared, limitations = ROWS[name]
    assert definition and limitations
    unit, direction = declared.rsplit(", ", 1)
    assert unit == metric.unit
    assert direction == {"zero": "0 is ideal"}.get(metric.better, metric.better)


def test_the_noise_floor_names_all_metrics_that_compare_ensembles() -> None:
    section = PAGE.split("## The noise floor")[1].split("## ")[0]
    named = set(re.findall(r"`(\w+)`", section)) & set(ROWS)
    metrics = registry.names("metrics")
    assert named == {name for name in metrics if issubclass(registry.load("metrics", name), EnsembleMetric)}


def test_sources_are_numbered_through() -> None:
    body, sources = PAGE.split("## Sources")
    cited = {
        int(number)
        for group in re.findall(r"\[(\d[^\]]*)\] \|", body)
        for number in re.findall(r"\d+", group)
    }
    assert cited == {int(number) for number in re.findall(r"^(\d+)\. ", sources, flags=re.MULTILINE)}


@pytest.mark.parametrize("word", re.findall(r"`((?:src|benchmarks)/[\w/.]+)`", PAGE))
def test_files_that_are_named_exist(word: str) -> None:
    assert (ROOT / word).exists()
