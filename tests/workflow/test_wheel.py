"""An installed wheel runs the workflow in an empty folder, without a checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pandas as pd
import pytest
import yaml

from workflow_project import ROOT

pytestmark = pytest.mark.slow
NEEDED = ("Snakefile", "environment.yml", "pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE")
METRIC = """
from cgbench.metrics.base import Evaluation, PerFrameMetric

from ._error import error

class Metric(PerFrameMetric):
    '''Mean distance of reconstructed atoms from the frame.'''

    label, unit, better, reference = "Mean distance", "Å", "lower", "this test"

    def per_frame(self, evaluation: Evaluation):
        return error(evaluation.reconstruction, evaluation.reference)
"""
HELPER = """
import numpy as np

def error(positions, reference):
    return np.linalg.norm(positions.astype(np.float64) - reference, axis=-1).mean(axis=-1)
"""
# As small as a run can be.
CHANGES = {
    "protocol": {"folds": 2, "train_frames": 64, "valid_frames": 16, "test_frames": 24, "n_samples": 2},
    "plugins": ["mine"],
}
METRICS = ["mean_distance", "rmsd_recon"]
SCORES = "results/runs/alanine_dipeptide/cgae-3/linear/fold0/metrics.csv"


def done(*command: str | Path, cwd: Path) -> str:
    """Run a program without the variables that lead Python to this checkout."""
    variables = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "CGBENCH"))}
    finished = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=variables | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout
    return finished.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the programs in an environment with the wheel, which is built from a source distribution."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in NEEDED:
        shutil.copy2(ROOT / name, source)
    for name in ("config", "src", "workflow"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    build = "import sys; from setuptools.build_meta import build_sdist; build_sdist(sys.argv[1])"
    done(sys.executable, "-c", build, folder, cwd=source)
    (archive,) = folder.glob("*.tar.gz")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    done(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, archive, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    python = folder / "environment/bin/python"
    done(sys.executable, "-m", "venv", "--without-pip", folder / "environment", cwd=folder)
    done(*pip, "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    # The requirements are those that are installed already.
    packages = done(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder)
    Path(packages.strip(), "requirements.pth").write_text(sysconfig.get_path("purelib"))
    return python.parent


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("an empty folder")


def test_the_wheel_has_all_files_of_the_workflow(installed: Path, empty: Path) -> None:
    where = "import cgbench.core.settings as s; print(s.project_folder())"
    project = Path(done(installed / "python", "-c", where, cwd=empty).strip())
    assert project.is_relative_to(installed.parent)
    for folder in ("config", "workflow"):
        here, there = (
            {path.relative_to(root) for path in (root / folder).rglob("*") if path.is_file()}
            for root in (ROOT, project)
        )
        compiled = {path for path in here | there if path.parent.name == "__pycache__"}
        assert here and here - compiled == there - compiled


def test_the_default_benchmark_is_planned_and_its_configuration_written(installed: Path, empty: Path) -> None:
    printed = done(installed / "cgbench", "run", "--cores", "2", "--dry-run", cwd=empty)
    assert "train_and_sample" in printed and "This was a dry-run" in printed
    text = (empty / "cgbench.yaml").read_text()
    assert "# the coarse resolutions of the paper" in text
    schema = text.partition("$schema=")[2].partition("\n")[0]
    assert Path(schema).is_relative_to(installed.parent) and Path(schema).is_file()


def test_an_edited_configuration_runs_with_a_plug_in_of_ones_own(installed: Path, empty: Path) -> None:
    (empty / "mine/metrics").mkdir(parents=True)
    (empty / "mine/metrics/mean_distance.py").write_text(METRIC)
    (empty / "mine/metrics/_error.py").write_text(HELPER)
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    config["run"] |= {"methods": ["linear"], "metrics": METRICS}
    (empty / "cgbench.yaml").write_text(yaml.safe_dump(config | CHANGES))
    before = (empty / "cgbench.yaml").read_text()
    done(installed / "cgbench", "run", "--cores", "2", "--", SCORES, cwd=empty)
    scores = pd.read_csv(empty / SCORES).set_index(["metric", "atoms"])["value"]
    assert 0 < scores["mean_distance", "all"] < scores["rmsd_recon", "all"]
    assert (empty / "cgbench.yaml").read_text() == before


def test_a_plug_in_of_ones_own_is_held_to_its_contract(installed: Path, empty: Path) -> None:
    printed = done(installed / "cgbench", "contract", "mine", cwd=empty)
    assert "metrics.py" in printed and "methods.py" not in printed and " passed" in printed
