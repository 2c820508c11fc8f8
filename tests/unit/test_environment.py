"""environment.yml says what pyproject.toml says, and the pinned versions fit both."""

import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]
# Names of the packages index on the left, of conda-forge on the right, where they differ.
CONDA_NAMES = {
    "matplotlib": "matplotlib-base",
    "seaborn": "seaborn-base",
    "tables": "pytables",
    "torch": "pytorch",
}


def _project() -> dict[str, object]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"])


def _required() -> dict[str, SpecifierSet]:
    requirements = map(Requirement, _project()["dependencies"])  # type: ignore[call-overload]
    return {requirement.name.lower(): requirement.specifier for requirement in requirements}


def _conda() -> dict[str, SpecifierSet]:
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    flat = [entry for entry in entries if isinstance(entry, str)]
    flat += [line for entry in entries if isinstance(entry, dict) for line in entry["pip"]]
    pairs = (re.fullmatch(r"([\w.-]+)\s*(.*)", line) for line in flat)
    return {found[1].lower(): SpecifierSet(found[2]) for found in pairs if found}


def test_conda_and_pip_agree() -> None:
    conda = _conda()
    python = conda.pop("python")
    conda.pop("pip")
    assert conda == {CONDA_NAMES.get(name, name): ranges for name, ranges in _required().items()}
    assert python == SpecifierSet(str(_project()["requires-python"]))


def test_pinned_versions_are_in_range() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    for pin in map(Requirement, (line for line in lines if line and not line.startswith("#"))):
        (version,) = pin.specifier
        assert version.operator == "=="
        assert version.version in _required()[pin.name.lower()]
