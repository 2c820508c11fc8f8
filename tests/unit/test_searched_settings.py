"""The default settings are those that the search in config/search.yaml chose (docs/search.md)."""

import json
import re
from itertools import groupby
from pathlib import Path

import pytest

from cgbench.config.loader import Config

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
DEFAULT = (CONFIG / "config.yaml", CONFIG / "simulations.yaml")
ROW = re.compile(r"^\| `(\w+)` \| (`\w+: .*?`)(?: \(default\))? \| (.*) \|$", re.MULTILINE)
WORTH = 0.98  # of the score of the default, below which another setting replaces it


@pytest.fixture(scope="module")
def rows() -> dict[str, list[tuple[dict[str, object], list[str]]]]:
    """Settings and scores of every row of the table, by method."""
    found = [
        (use, {key: json.loads(value) for key, value in re.findall(r"`(\w+): (.*?)`", settings)}, scores)
        for use, settings, scores in ROW.findall((ROOT / "docs/search.md").read_text())
    ]
    return {
        use: [(settings, scores.split(" | ")) for _, settings, scores in each]
        for use, each in groupby(found, key=lambda row: row[0])
    }


def test_every_method_tries_as_many_settings(
    rows: dict[str, list[tuple[dict[str, object], list[str]]]],
) -> None:
    # Twelve beads have eleven neighbours.
    limited = {"rigid_template", "equivariant_linear"}
    assert {use: len(each) for use, each in rows.items()} == {use: 12 - (use in limited) for use in rows}
    default = Config.load(*DEFAULT)
    adjustable = [name for name in default.run.methods if default.methods[name].settings.model_dump()]
    assert set(rows) == {default.methods[name].use for name in adjustable}


def test_table_is_of_the_configuration_of_the_search(
    rows: dict[str, list[tuple[dict[str, object], list[str]]]],
) -> None:
    search = Config.load(*DEFAULT, CONFIG / "search.yaml")
    methods = [search.methods[name] for name in search.run.methods]
    for use, each in rows.items():
        tried = [plug_in.settings.model_dump() for plug_in in methods if plug_in.use == use]
        assert [{key: full[key] for key in each[0][0]} for full in tried] == [one for one, _ in each]


def test_no_setting_is_much_better_than_the_default(
    rows: dict[str, list[tuple[dict[str, object], list[str]]]],
) -> None:
    default = Config.load(*DEFAULT)
    for use, each in rows.items():
        means = [float(scores[-1].strip("*")) for _, scores in each]
        names = [name for name in default.run.methods if default.methods[name].use == use]
        for name in names:
            for dataset in default.run.datasets:
                used = default.method(name, dataset).settings.model_dump().items()
                (mean,) = [
                    mean for mean, (settings, _) in zip(means, each, strict=True) if settings.items() <= used
                ]
                assert min(means) > WORTH * mean, (name, dataset)
