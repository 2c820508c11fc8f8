"""Entries in a configuration: which runs they add, and what is refused."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cgbench.config.entry import Entry, filled
from cgbench.config.loader import Config
from cgbench.core.errors import InputError

CONFIG = Path(__file__).parents[2] / "config/config.yaml"
ENTRY = {
    "path": "p/{dataset}/{mapping}-{n_beads}/fold{fold}.npz",
    "tasks": ["chignolin-cgae-6"],
    "card": "card.yaml",
}
SHA = "0" * 64


def config(entries: dict[str, Any]) -> Config:
    values = yaml.safe_load(CONFIG.read_text()) | {"entries": entries}
    return Config.from_dict(values, "mine.yaml")


def test_an_entry_adds_runs_of_its_tasks_after_those_of_the_methods() -> None:
    before, after = list(config({}).run_specs()), list(config({"theirs": ENTRY}).run_specs())
    added = [spec for spec in after if spec not in before]
    assert [(spec.task, spec.method, spec.fold) for spec in added] == [
        ("chignolin-cgae-6", "theirs", fold) for fold in range(3)
    ]
    assert [spec for spec in after if spec not in added] == before
    assert after[after.index(added[0]) - 1].task == "chignolin-cgae-6"


def test_places_in_a_path_are_filled() -> None:
    path = filled(ENTRY["path"], dataset="chignolin", mapping="cgae", n_beads=6)
    assert path == "p/chignolin/cgae-6/fold{fold}.npz"


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("cgvae", {}, r"entries\.cgvae: a method has this name; give"),
        (
            "theirs",
            {"tasks": ["chignolin-cgae-7"]},
            r"entries\.theirs\.tasks contains 'chignolin-cgae-7'.*its",
        ),
        ("theirs", {"tasks": ["chignolin"]}, r"'entries\.theirs\.tasks\.0' has value 'chignolin'"),
        ("theirs", {"tasks": []}, r"'entries\.theirs\.tasks'"),
        ("theirs", {"path": "p.npz"}, r"path is 'p\.npz', one file for 3 folds; write \{fold\}"),
        ("theirs", {"path": "{folds}/{fold}.npz"}, r"braces may only be those of \{dataset\}"),
        ("theirs", {"topology": "{0.__class__}.pdb"}, r"braces may only be those of"),
        ("theirs", {"card": None}, r"'entries\.theirs\.card'"),
        ("theirs", {"url": "https://example.org/a.tar"}, r"`url` and `sha256` belong together"),
        ("theirs", {"sha256": SHA}, r"`url` and `sha256` belong together"),
        ("theirs", {"url": "file:///etc/passwd", "sha256": SHA}, r"'entries\.theirs\.url'"),
        ("theirs", {"url": "https://example.org/../x?y", "sha256": SHA}, r"'entries\.theirs\.url'"),
        ("theirs", {"pth": "x"}, r"unknown key 'entries\.theirs\.pth'"),
        ("the irs", {}, r"should match pattern"),
    ],
)
def test_wrong_entries_are_refused(name: str, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=rf"^mine\.yaml: .*{message}"):
        config({name: ENTRY | change})


def test_an_entry_survives_json() -> None:
    entry = Entry.model_validate(ENTRY)
    assert Entry.model_validate_json(entry.to_json()) == entry
