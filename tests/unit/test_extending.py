"""The examples of docs/extending.md work as written, and pass the contract tests."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from cgbench.chem.frames import Frames
from cgbench.chem.trajectory_io import write_pdb
from cgbench.core import registry
from warm_python import warm_python

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/extending.md").read_text()
CONFIGS = ("config/config.yaml", "config/simulations.yaml")
# File of each example below src/, and its source.
EXAMPLES = dict(
    re.findall(r"`src/([\w/]+\.py)`:[^\n]*\n\n```python\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a copy of the package to which the examples have been added."""
    source = tmp_path_factory.mktemp("extended")
    shutil.copytree(ROOT / "src/cgbench", source / "cgbench", ignore=shutil.ignore_patterns("__pycache__"))
    for path, text in EXAMPLES.items():
        assert not (source / path).exists(), f"{path} is in the package; choose another name for the example"
        (source / path).write_text(text)
    return source


def run(package: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a module of Python with the extended package."""
    return subprocess.run(
        [warm_python(), "-m", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
    )


def block(containing: str) -> str:
    found = re.findall(r"^```yaml\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    (text,) = [text for text in found if containing in text]
    return str(text)


def test_examples_pass_the_linter(package: Path) -> None:
    files = [str(package / path) for path in EXAMPLES]
    # First-party imports are known by the folder of the repository, not by that of the copy.
    options = [
        "--config",
        str(ROOT / "pyproject.toml"),
        "--config",
        'lint.isort.known-first-party=["cgbench"]',
    ]
    for command in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, *options, *files]
        done = subprocess.run(ruff, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def commands() -> list[list[str]]:
    """Commands of the section on the command line, without the name of the program."""
    section = PAGE.split("## Step by step with the command line")[1]
    return [shlex.split(line)[1:] for line in re.findall(r"^cgbench .+$", section, flags=re.MULTILINE)]


@pytest.mark.slow
def test_the_steps_of_the_command_line_give_scores(tmp_path: Path) -> None:
    assert [step[0] for step in commands()] == ["prepare", "split", "map", "train", "sample", "score"]
    for step in commands():
        arguments = [word.replace("steps/", f"{tmp_path}/") for word in step]
        done = run(ROOT / "src", "cgbench", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
    for fold in range(3):
        table = pd.read_csv(tmp_path / f"nearest_frame/fold{fold}/metrics.csv")
        assert set(table["dataset"]) == {"alanine_dipeptide"} and set(table["mapping"]) == {"cgae"}


def test_there_is_one_example_for_every_kind() -> None:
    folders = sorted({str(Path(path).parent) for path in EXAMPLES})
    assert folders == sorted(registry.folder(kind) for kind in registry.KINDS)


@pytest.mark.slow
def test_examples_pass_the_contract_tests(package: Path) -> None:
    names = [Path(path).stem for path in EXAMPLES if "sources" not in path]
    options = ["-p", "no:cacheprovider", "-n", "0", "-q", "-k", " or ".join(names)]
    done = run(package, "pytest", "tests/contract", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed and int(passed[1]) >= 10 * len(names), done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("example", ["mean_offset:", "source: files"])
def test_configurations_are_valid(example: str, package: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(block(example))
    done = run(package, "cgbench", "check-config", *CONFIGS, str(path))
    assert done.returncode == 0, done.stdout + done.stderr
    for name in yaml.safe_load(block(example))["run"].get("resolutions", {}):
        assert name in done.stdout


@pytest.fixture
def numpy_array(alanine_frames: Frames, tmp_path: Path) -> dict[str, object]:
    """Settings of the source in the example, with its files."""
    frames = alanine_frames
    write_pdb(tmp_path / "top.pdb", frames.positions[0], frames.molecule)
    walkers = [frames.positions[frames.trajectory == walker][:20] for walker in range(3)]
    np.save(tmp_path / "positions.npy", np.stack(walkers))
    return {
        "topology": str(tmp_path / "top.pdb"),
        "positions": str(tmp_path / "positions.npy"),
        "frame_interval_ps": 250.0,
    }


@pytest.mark.slow
def test_the_source_is_prepared(package: Path, numpy_array: dict[str, object], tmp_path: Path) -> None:
    source = json.dumps({"use": "numpy_array", "settings": numpy_array})
    done = run(package, "cgbench", "prepare", "--source", source, "--output", str(tmp_path / "data"))
    assert done.returncode == 0, done.stdout + done.stderr
    card = json.loads((tmp_path / "data/card.json").read_text())
    assert card["n_trajectories"] == 3 and card["n_frames"] == 60
    prepared = Frames.load(tmp_path / "data/frames.npz").positions
    np.testing.assert_array_equal(prepared.reshape(3, 20, 22, 3), np.load(str(numpy_array["positions"])))


@pytest.mark.slow
def test_the_source_names_the_file_in_its_error(
    package: Path, numpy_array: dict[str, object], tmp_path: Path
) -> None:
    np.save(str(numpy_array["positions"]), np.zeros((2, 4, 5, 3)))
    source = json.dumps({"use": "numpy_array", "settings": numpy_array})
    done = run(package, "cgbench", "prepare", "--source", source, "--output", str(tmp_path / "data"))
    assert done.returncode
    assert "positions.npy: shape is (2, 4, 5, 3)" in " ".join((done.stdout + done.stderr).split())


def test_files_named_on_the_page_exist() -> None:
    named = set(re.findall(r"`((?:src|tests)/[\w/]+\.py)`", PAGE)) - {f"src/{path}" for path in EXAMPLES}
    assert named
    assert not sorted(path for path in named if not (ROOT / path).exists())
