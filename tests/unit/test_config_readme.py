"""config/README.md has every key of the models, with its default, and no other."""

import re
from functools import cache
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from cgbench.config.entry import Entry
from cgbench.config.program import Program
from cgbench.config.schema import Compute, Protocol, RawConfig, Run, Tracking
from cgbench.core import registry
from cgbench.nn.training import TrainingSettings
from cgbench.simulation.recipe import FoldedStart, MeltedStart, Recipe, TorsionStart

README = Path(__file__).parents[2] / "config" / "README.md"
FIXED_SECTIONS = {
    "Top level": RawConfig,
    "`protocol`": Protocol,
    "`compute`": Compute,
    "`tracking`": Tracking,
    "`run`": Run,
    "`entries`": Entry,
    "`methods` with `use: program`": Program,
    "Training of networks": TrainingSettings,
    "`simulations`": Recipe,
    "start of `kind: torsions`": TorsionStart,
    "start of `kind: folded`": FoldedStart,
    "start of `kind: melted`": MeltedStart,
}
ROOMS = {"sources": ("datasets", "source"), "mapping": ("mappings", "use"), "methods": ("methods", "use")}
IN_WORDS = ("its own defaults", "all of them")


@cache
def _sections() -> dict[str, dict[str, str]]:
    """Headings of the tables, and default by key below each."""
    parts = re.split(r"^##+ (.+)$", README.read_text(), flags=re.MULTILINE)[1:]
    tables = {title: _table(body) for title, body in zip(parts[::2], parts[1::2], strict=True)}
    return {title: table for title, table in tables.items() if table}


def _table(body: str) -> dict[str, str]:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines()]
    return {row[0].strip("`"): row[3] for row in rows if len(row) == 4 and row[0].startswith("`")}


def _own_fields(model: type[BaseModel]) -> set[str]:
    """Keys that a plug-in has of its own; those of networks or another method have a table of theirs."""
    methods = (registry.load("methods", name).Settings for name in registry.names("methods"))
    tables = {TrainingSettings, *methods}
    shared = next((base.model_fields for base in model.__mro__[1:] if base in tables), {})
    return {
        key
        for key, field in model.model_fields.items()
        if key not in shared or field.default != shared[key].default
    }


@cache
def _expected() -> dict[str, tuple[type[BaseModel], set[str]]]:
    sections = {title: (model, set(model.model_fields)) for title, model in FIXED_SECTIONS.items()}
    for room, (section, key) in ROOMS.items():
        for name in registry.names(room):
            model = registry.load(room, name).Settings
            if own := _own_fields(model):
                sections[f"`{section}` with `{key}: {name}`"] = (model, own)
    return sections


def test_every_model_has_its_table() -> None:
    assert set(_sections()) == set(_expected())


@pytest.mark.parametrize("title", sorted(_expected()))
def test_table_has_every_key_and_its_default(title: str) -> None:
    model, keys = _expected()[title]
    table = _sections().get(title, {})
    assert set(table) == keys
    for key, written in table.items():
        field = model.model_fields[key]
        if field.is_required():
            assert written == "required", key
        elif written not in IN_WORDS:
            default = field.get_default(call_default_factory=True)
            expected = list(default) if isinstance(default, tuple) else default
            assert yaml.safe_load(written.strip("`")) == expected, key
