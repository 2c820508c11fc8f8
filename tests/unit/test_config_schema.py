"""The JSON schema of the configuration: current, and as strict as the models."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from cgbench.config.json_schema import json_schema
from cgbench.config.loader import Config
from cgbench.config.run_matrix import merge
from cgbench.core.errors import InputError

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
BASE = ("config.yaml", "simulations.yaml")
OVERLAYS = sorted(path.name for path in CONFIG.glob("*.yaml") if path.name not in BASE)


def _load(*names: str) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for name in names:
        merge(merged, yaml.safe_load((CONFIG / name).read_text()))
    return merged


def test_the_committed_file_is_current() -> None:
    """If not, run ``cgbench schema > workflow/schemas/config.schema.json``."""
    assert json.loads((ROOT / "workflow/schemas/config.schema.json").read_text()) == SCHEMA


def test_config_yaml_names_the_schema() -> None:
    comment = (CONFIG / "config.yaml").read_text().splitlines()[0]
    path = comment.removeprefix("# yaml-language-server: $schema=")
    assert (CONFIG / path).samefile(ROOT / "workflow/schemas/config.schema.json")


def test_the_schema_is_a_valid_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("overlay", [(), *((name,) for name in OVERLAYS)], ids=str)
def test_shipped_configurations_are_valid(overlay: tuple[str, ...]) -> None:
    VALIDATOR.validate(_load(*BASE, *overlay))


def test_a_file_may_leave_out_sections_that_config_yaml_has() -> None:
    VALIDATOR.validate(_load("config.yaml"))
    VALIDATOR.validate(_load("test.yaml"))


def test_every_key_has_a_description() -> None:
    for name in ("Protocol", "Compute", "Tracking", "Run"):
        assert all(key["description"] for key in SCHEMA["$defs"][name]["properties"].values())
    assert "epochs" in SCHEMA["$defs"]["methods.cgvae"]["properties"]


@pytest.mark.parametrize(
    "change",
    [
        {"methods": {"cgvae": {"epochs": 3}}},
        {"methods": {"cgvae": None}},
        {"methods": {"linear": {"use": "mlp", "width": 4}}},
        {"methods": {"mine": {"use": "cgvae", "epochs": 3, "for": {"chignolin": {"epochs": 4}}}}},
        {"datasets": {"mine": {"source": "files", "topology": "a.pdb", "trajectories": "a.xtc"}}},
        {"datasets": {"mine": {"source": "files", "topology": "a.pdb", "trajectories": ["a", ["b", "c"]]}}},
        {"mappings": {"shuffled_20": {"use": "shuffled", "of": "backbone", "fraction": 0.2}}},
    ],
    ids=str,
)
def test_what_the_models_accept_is_valid(change: dict[str, Any]) -> None:
    values = _load(*BASE)
    merge(values, change)
    Config.from_dict(values)
    VALIDATOR.validate(values)


@pytest.mark.parametrize(
    "change",
    [
        {"protocl": {}},
        {"protocol": {"folds": 0}},
        {"run": {"metrics": ["rmsd"]}},
        {"methods": {"cgvae": {"epochs": 0}}},
        {"methods": {"cgvae": {"epoch": 3}}},
        {"methods": {"cgvae": {"for": {"chignolin": {"epoch": 3}}}}},
        {"methods": {"mine": {"epochs": 3}}},
        {"methods": {"mine": {"use": "cgvea"}}},
        {"methods": {"m e": {"use": "cgvae"}}},
        {"mappings": {"shuffled": {"of": 3}}},
        {"datasets": {"mine": {"source": "files", "topology": "a.pdb"}}},
        {"datasets": {"mine": {"source": "bundled", "directory": "x", "selection": "all"}}},
    ],
    ids=str,
)
def test_what_the_models_refuse_is_invalid(change: dict[str, Any]) -> None:
    values = _load(*BASE)
    merge(values, change)
    with pytest.raises(InputError):
        Config.from_dict(values)
    assert not VALIDATOR.is_valid(values)
