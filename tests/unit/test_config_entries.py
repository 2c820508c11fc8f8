"""Entries of the configuration: settings by dataset, several of one plug-in, and what builds on another."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from cgbench.config.loader import Config
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture
def values() -> dict[str, Any]:
    return dict(yaml.safe_load((CONFIG / "config.yaml").read_text()))


def test_a_dataset_may_have_settings_of_its_own(values: dict[str, Any]) -> None:
    values["datasets"]["other"] = {"source": "bundled", "directory": "x"}
    values["methods"]["cgvae"] = {"epochs": 3, "features": 32, "for": {"other": {"epochs": 9}}}
    config = Config.from_dict(values)
    usual, special = (config.method("cgvae", dataset).settings for dataset in ("alanine_dipeptide", "other"))
    assert (usual.epochs, usual.features) == (3, 32)
    assert (special.epochs, special.features) == (9, 32)
    assert config.method("linear", "other") == config.method("linear", "alanine_dipeptide")


def test_a_refined_method_has_the_settings_of_the_entry_that_it_names(values: dict[str, Any]) -> None:
    values["datasets"]["other"] = {"source": "bundled", "directory": "x"}
    values["methods"] |= {
        "wide": {"use": "cgvae", "features": 64, "epochs": 3, "for": {"other": {"epochs": 9}}},
        "refined_wide": {"use": "refined", "of": "wide", "settings": {"latent": 4}},
        "refined": {"of": "cgvae_e3nn", "for": {"other": {"steps": 7}}},  # a file, not an entry
    }
    config = Config.from_dict(values)
    for dataset, epochs in {"alanine_dipeptide": 3, "other": 9}.items():
        inner = config.method("refined_wide", dataset).settings.inner()
        assert inner.use == "cgvae"
        assert (inner.settings.features, inner.settings.epochs, inner.settings.latent) == (64, epochs, 4)
    assert config.method("refined", "other").settings.of == "cgvae_e3nn"
    steps = {name: config.method("refined", name).settings.steps for name in ("alanine_dipeptide", "other")}
    assert steps == {"alanine_dipeptide": 200, "other": 7}


def test_a_shuffled_mapping_is_that_of_the_entry(values: dict[str, Any]) -> None:
    values["mappings"] |= {"mine": {"use": "cgae", "steps": 3}, "twice": {"use": "shuffled", "of": "noisy"}}
    values["mappings"]["noisy"] = {"use": "shuffled", "of": "mine", "fraction": 0.2}
    config = Config.from_dict(values)
    inner = config.mappings["twice"].settings.inner()
    assert (inner.use, inner.settings.fraction) == ("shuffled", 0.2)
    assert inner.settings.inner().settings.steps == 3


@pytest.mark.parametrize("of", ["mine", "absent", 3])
def test_an_entry_that_builds_on_nothing_is_refused(values: dict[str, Any], of: Any) -> None:
    values["methods"]["mine"] = {"use": "refined", "of": of}
    with pytest.raises(InputError, match=r"methods\.mine"):
        Config.from_dict(values)


@pytest.mark.parametrize(
    ("special", "words"),
    [
        (3, ["methods.cgvae.for is 3", "by dataset"]),
        ({"absent": {}}, ["methods.cgvae.for names 'absent'", "alanine_dipeptide"]),
        ({"alanine_dipeptide": 3}, ["methods.cgvae.for.alanine_dipeptide is 3", "keys and values"]),
        ({"alanine_dipeptide": {"epoch": 3}}, ["methods.cgvae.for.alanine_dipeptide", "'epoch'", "epochs"]),
    ],
)
def test_bad_settings_for_a_dataset_are_refused(
    values: dict[str, Any], special: Any, words: list[str]
) -> None:
    values["methods"]["cgvae"] = {"for": special}
    with pytest.raises(InputError) as error:
        Config.from_dict(values)
    assert all(word in str(error.value) for word in words)


def test_one_file_may_serve_several_methods(values: dict[str, Any]) -> None:
    values["methods"]["cgvae_small"] = {"use": "cgvae", "features": 16}
    values["run"]["methods"] = ["cgvae", "cgvae_small"]
    config = Config.from_dict(copy.deepcopy(values))
    assert config.methods["cgvae_small"].use == "cgvae"
    assert config.methods["cgvae_small"].to_json() != config.methods["cgvae"].to_json()


def test_plug_in_survives_the_command_line(values: dict[str, Any]) -> None:
    for plug_in in Config.from_dict(values).methods.values():
        assert PlugIn.from_json("methods", plug_in.to_json()) == plug_in


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"use": "linear", "setting": {}}'])
def test_bad_spec_shows_an_example(text: str) -> None:
    with pytest.raises(InputError, match=r'"settings": \{"neighbours": 4\}'):
        PlugIn.from_json("methods", text)
