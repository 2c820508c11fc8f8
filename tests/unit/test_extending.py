"""The examples of docs/extending.md work as written, and pass the contract tests."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from cgbench.chem.frames import Frames
from cgbench.chem.trajectory_io import write_pdb
from cgbench.config.loader import Config
from cgbench.core import registry
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.data.prepare import prepare

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/extending.md").read_text()
CONFIGS = (ROOT / "config/config.yaml", ROOT / "config/simulations.yaml")
# Kind of plug-in, its name and its source, for every file that the page shows.
EXAMPLES = [
    (next(kind for kind in registry.KINDS if registry.folder(kind) == folder), name, source)
    for folder, name, source in re.findall(
        r"`src/([\w/]+)/(\w+)\.py`:[^\n]*\n\n```python\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE
    )
]
# Makes the examples visible to the registry, as if they were in the folders of the package.
PLUGIN = """
import importlib
from pathlib import Path
from cgbench.core import registry
for kind in registry.KINDS.values():
    folder = Path(__file__).parent / kind.package.rsplit(".", 1)[-1]
    if folder.is_dir():
        importlib.import_module(kind.package).__path__.append(str(folder))
"""


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the examples, each in a folder of its kind, with a module that makes them visible."""
    root = tmp_path_factory.mktemp("examples")
    for kind, name, source in EXAMPLES:
        folder = root / registry.KINDS[kind].package.rsplit(".", 1)[-1]
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(source)
    (root / "documented_plug_ins.py").write_text(PLUGIN)
    return root


@pytest.fixture
def visible(examples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in registry.KINDS.values():
        package = __import__(kind.package, fromlist=["__path__"])
        folder = str(examples / kind.package.rsplit(".", 1)[-1])
        monkeypatch.setattr(package, "__path__", [*package.__path__, folder])
    for kind, name, _ in EXAMPLES:
        monkeypatch.delitem(sys.modules, f"{registry.KINDS[kind].package}.{name}", raising=False)


def blocks(containing: str) -> str:
    (block,) = [
        block
        for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
        if containing in block
    ]
    return block


def test_there_is_one_example_for_every_kind() -> None:
    assert sorted(kind for kind, _, _ in EXAMPLES) == sorted(registry.KINDS)


@pytest.mark.slow
def test_examples_pass_the_contract_tests(examples: Path) -> None:
    names = [name for kind, name, _ in EXAMPLES if kind != "sources"]
    options = ["-p", "documented_plug_ins", "-p", "no:cacheprovider", "-n", "0", "-q"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/contract", *options, "-k", " or ".join(names)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(examples)])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed and int(passed[1]) >= 10 * len(names), done.stdout


@pytest.mark.usefixtures("visible")
def test_the_method_and_the_mapping_and_the_metric_are_found_by_their_names() -> None:
    for kind, name, _ in EXAMPLES:
        assert name in registry.names(kind)
        assert registry.load(kind, name).__name__ == registry.KINDS[kind].class_name


@pytest.mark.usefixtures("visible")
def test_the_method_is_selected_by_the_configuration(tmp_path: Path) -> None:
    example = blocks("mean_offset:")
    path = tmp_path / "mine.yaml"
    path.write_text(example)
    config = Config.load(*CONFIGS, path)
    assert yaml.safe_load(example)["run"]["methods"] == list(config.run.methods)


def test_the_dataset_is_a_valid_configuration(tmp_path: Path) -> None:
    example = blocks("source: files")
    path = tmp_path / "mine.yaml"
    path.write_text(example)
    config = Config.load(*CONFIGS, path)
    assert yaml.safe_load(example)["run"]["resolutions"]["mine"] == config.run.resolutions["mine"]
    assert {cell.dataset for cell in config.cells()} == {"alanine_dipeptide", "mine"}


@pytest.fixture
def numpy_files(alanine_frames: Frames, tmp_path: Path) -> dict[str, object]:
    frames = alanine_frames
    write_pdb(tmp_path / "top.pdb", frames.positions[0], frames.molecule)
    walkers = [frames.positions[frames.trajectory == walker][:20] for walker in range(3)]
    np.save(tmp_path / "positions.npy", np.stack(walkers))
    return {
        "topology": str(tmp_path / "top.pdb"),
        "positions": str(tmp_path / "positions.npy"),
        "frame_interval_ps": 250.0,
    }


@pytest.mark.usefixtures("visible")
def test_the_source_is_prepared(numpy_files: dict[str, object], tmp_path: Path) -> None:
    source = PlugIn.parse("sources", "mine", "numpy_array", numpy_files, "config: datasets.mine")
    prepare(source, tmp_path / "data")
    card = json.loads((tmp_path / "data/card.json").read_text())
    assert card["n_trajectories"] == 3 and card["n_frames"] == 60
    np.testing.assert_array_equal(
        Frames.load(tmp_path / "data/frames.npz").positions.reshape(3, 20, 22, 3),
        np.load(str(numpy_files["positions"])),
    )


@pytest.mark.usefixtures("visible")
def test_the_source_names_the_file_in_its_error(numpy_files: dict[str, object]) -> None:
    np.save(str(numpy_files["positions"]), np.zeros((2, 4, 5, 3)))
    source = PlugIn.parse("sources", "mine", "numpy_array", numpy_files, "config: datasets.mine")
    with pytest.raises(InputError, match=r"positions\.npy: shape is \(2, 4, 5, 3\)"):
        source.create().read()


def test_files_named_on_the_page_exist() -> None:
    shown = {f"src/{registry.folder(kind)}/{name}.py" for kind, name, _ in EXAMPLES}
    named = set(re.findall(r"`((?:src|tests)/[\w/]+\.py)`", PAGE)) - shown
    assert named
    assert not sorted(path for path in named if not (ROOT / path).exists())
