"""Wrong configurations are refused with the key, the value and the cure."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cgbench.config.loader import Config
from cgbench.core.errors import InputError

CONFIG = Path(__file__).parents[2] / "config"
DEFAULT = (CONFIG / "config.yaml", CONFIG / "simulations.yaml")


@pytest.fixture
def values() -> dict[str, Any]:
    return dict(yaml.safe_load((CONFIG / "config.yaml").read_text()))


PAPER = ("paper.yaml", "paper-chignolin.yaml")


@pytest.mark.parametrize("extra", [(), ("test.yaml",), ("programs.yaml",), PAPER[:1], PAPER], ids=str)
def test_shipped_configurations_are_valid(extra: tuple[str, ...]) -> None:
    config = Config.load(*DEFAULT, *(CONFIG / name for name in extra))
    run, protocol = config.run, config.protocol
    tasks = sum(len(run.n_beads(dataset, mapping)) for dataset in run.datasets for mapping in run.mappings)
    assert len(list(config.run_specs())) == tasks * len(run.methods) * protocol.folds


def test_published_hyperparameters_are_those_of_the_dataset() -> None:
    """Features, basis, cutoffs (Å), layers of encoder and decoder, batch (arXiv 2201.12176, appendix)."""
    keys = (
        "features",
        "basis",
        "atom_cutoff",
        "bead_cutoff",
        "encoder_layers",
        "decoder_layers",
        "batch_size",
    )
    first, second = (
        Config.load(*DEFAULT, *(CONFIG / name for name in files)) for files in (PAPER[:1], PAPER)
    )
    found = [[getattr(config.methods["cgvae"].settings, key) for key in keys] for config in (first, second)]
    assert found == [[600, 8, 8.5, 9.5, 4, 5, 32], [600, 10, 12, 25, 2, 9, 2]]
    tasks = [{(c.dataset, c.mapping, c.n_beads) for c in config.run_specs()} for config in (first, second)]
    assert tasks[0] == {("alanine_dipeptide_explicit", "cgae_learned", n) for n in (3, 4, 5, 6, 8, 10, 12)}
    assert tasks[1] == {
        *(("chignolin_explicit", "cgae_learned", n) for n in (6, 8, 10, 12)),
        ("chignolin_explicit", "alpha_carbon", 12),
    }
    assert first.results != second.results


def test_test_run_does_not_write_over_the_default_run() -> None:
    assert Config.load(*DEFAULT, CONFIG / "test.yaml").results != Config.load(*DEFAULT).results


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("sed",), 1, ["'sed'", "known keys", "seed"]),
        (("protocol", "fold"), 3, ["protocol.fold", "3"]),
        (("protocol", "folds"), 0, ["protocol.folds", "0"]),
        (("protocol", "folds"), "three", ["protocol.folds", "'three'"]),
        (("protocol", "split"), "random", ["protocol.split", "'random'", "leak_free"]),
        (("protocol", "gap_ps"), float("nan"), ["protocol.gap_ps", "nan"]),
        (("seed",), -1, ["seed", "-1"]),
        (("compute", "threads"), 0, ["compute.threads", "0"]),
        (("compute", "device"), "tpu", ["compute.device", "'tpu'", "cuda"]),
        (("run", "methods"), ["cgvea"], ["run.methods", "'cgvea'", "cgvae"]),
        (("run", "methods"), [], ["run.methods", "empty"]),
        (("run", "methods"), ["linear", "linear"], ["run.methods", "linear", "more than once"]),
        (("run", "datasets"), ["chignolin_"], ["run.datasets", "'chignolin_'", "alanine_dipeptide"]),
        (("run", "metrics"), ["rmsd"], ["run.metrics", "'rmsd'", "rmsd_recon"]),
        (("run", "resolutions"), {}, ["run.resolutions", "alanine_dipeptide"]),
        (("run", "resolutions", "alanine_dipeptide"), [0], ["resolutions.alanine_dipeptide.0", "0"]),
        (
            ("run", "resolutions", "alanine_dipeptide"),
            [3, 3],
            ["run.resolutions", "alanine_dipeptide: 3 ", "once"],
        ),
        (
            ("run", "resolutions", "alanine"),
            [3],
            ["run.resolutions.alanine is [3]", "remove", "alanine_dipeptide"],
        ),
        (
            ("run", "resolutions", "alanine_dipeptide"),
            {"backbone": [3, 3]},
            ["alanine_dipeptide.backbone: 3 ", "once"],
        ),
        (
            ("run", "resolutions", "alanine_dipeptide"),
            {"backbone": [0]},
            ["run.resolutions.alanine_dipeptide.backbone.0", "0"],
        ),
        (
            ("run", "resolutions", "alanine_dipeptide"),
            {"backbone": [3], "backbnoe": [3]},
            ["run.resolutions.alanine_dipeptide", "names backbnoe", "defined mappings: backbone,"],
        ),
        (
            ("run", "resolutions", "alanine_dipeptide"),
            {"backbone": [3]},
            ["no numbers of beads for dataset 'alanine_dipeptide'", "run.mappings (cgae)"],
        ),
        (("run", "resolutions", "alanine_dipeptide"), 3, ["run.resolutions.alanine_dipeptide", "3"]),
        (("datasets", "alanine_dipeptide", "source"), "web", ["source", "'web'", "bundled"]),
        (("datasets", "alanine_dipeptide", "folder"), "x", ["datasets.alanine_dipeptide", "'folder'"]),
        (("datasets", "a/b"), {"source": "bundled", "directory": "x"}, ["a/b"]),
        (("methods", "my_method"), None, ["methods.my_method", "my_method", "cgvae"]),
        (("methods", "cgvae"), {"feature": 3}, ["methods.cgvae", "'feature'", "features"]),
        (("methods", "cgvae"), {"epochs": 0}, ["methods.cgvae", "epochs", "0"]),
    ],
)
def test_refusal_names_key_value_and_cure(
    values: dict[str, Any], path: tuple[str, ...], value: Any, said: list[str]
) -> None:
    section = values
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = value
    with pytest.raises(InputError) as caught:
        Config.from_dict(values, "config.yaml")
    for text in ("config.yaml", *said):
        assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_home_and_variables_in_the_folder_of_results(
    values: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SCRATCH", "/scratch/me")
    for written, expected in (
        ("~/try", f"{tmp_path}/try"),
        ("$HOME/try", f"{tmp_path}/try"),
        ("${SCRATCH}/try", "/scratch/me/try"),
        ("a~b/try", "a~b/try"),
    ):
        assert Config.from_dict(values | {"results": written}).results == expected


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("~no_such_user/try", "~no_such_user"),
        ("$UNSET_/try", "$UNSET_"),
        ("${UNSET_}", "${UNSET_}"),
        ("a{b}", "braces"),
    ],
)
def test_results_in_a_folder_that_is_meant_otherwise_are_refused(
    values: dict[str, Any], written: str, named: str
) -> None:
    with pytest.raises(
        InputError, match=re.escape(f"key 'results' has value '{written}': Value error, {named} ")
    ):
        Config.from_dict(values | {"results": written})


def test_later_files_add_to_mappings_and_replace_lists(tmp_path: Path) -> None:
    override = tmp_path / "override.yaml"
    override.write_text("protocol: {folds: 1}\nrun: {methods: [linear]}\n")
    config = Config.load(*DEFAULT, override)
    assert config.protocol.folds == 1
    assert config.protocol.n_samples == Config.load(*DEFAULT).protocol.n_samples
    assert config.run.methods == ["linear"]


@pytest.mark.parametrize(
    ("content", "said"), [("a: [", "not valid YAML"), ("- 1", "keys and values"), ("", "keys and values")]
)
def test_damaged_file_is_named(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match=said) as caught:
        Config.load(path)
    assert str(path) in str(caught.value)


def test_a_file_that_only_changes_others_is_told_to_be_given_with_them() -> None:
    message = r"'datasets' is missing; .* config/config\.yaml, config/simulations\.yaml and yours$"
    with pytest.raises(InputError, match=message):
        Config.load(CONFIG / "test.yaml")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.yaml: no such"):
        Config.load(tmp_path / "absent.yaml")


def test_a_mapping_runs_where_it_has_resolutions(values: dict[str, Any]) -> None:
    values["datasets"]["other"] = {"source": "bundled", "directory": "x"}
    values["run"] |= {
        "datasets": ["alanine_dipeptide", "other"],
        "mappings": ["cgae", "alpha_carbon"],
        "methods": ["linear"],
        "resolutions": {"alanine_dipeptide": [3], "other": {"cgae": [6, 8], "random": [5]}},
    }
    config = Config.from_dict(copy.deepcopy(values))
    tasks = {(spec.dataset, spec.mapping, spec.n_beads) for spec in config.run_specs()}
    assert tasks == {
        ("alanine_dipeptide", "cgae", 3),
        ("alanine_dipeptide", "alpha_carbon", 3),
        ("other", "cgae", 6),
        ("other", "cgae", 8),
    }
    values["run"]["datasets"] = ["other"]
    with pytest.raises(InputError, match=r"run\.mappings contains 'alpha_carbon', but .* \(other\); add"):
        Config.from_dict(values)


def test_a_plug_in_that_is_not_defined_can_be_added(values: dict[str, Any]) -> None:
    values["run"] |= {"methods": ["mlp"]}
    values["methods"].pop("mlp", None)
    with pytest.raises(InputError, match=r"'mlp', which is not defined; add `methods: \{mlp: \}`; defined"):
        Config.from_dict(copy.deepcopy(values))
    values["run"] |= {"methods": ["mlp3"]}
    with pytest.raises(InputError, match=r"'mlp3', which is not defined; correct it, or define it; defined"):
        Config.from_dict(values)
