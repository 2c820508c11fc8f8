"""A method that crashes: the others finish, reports name what is missing, and a repair completes them."""

import subprocess
from pathlib import Path

import pandas as pd
import pytest

from warm_python import warm_python
from workflow_project import Project

pytestmark = pytest.mark.slow

RESULTS = "results/test"
FIGURES = "figures/alanine_dipeptide/backbone"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project.copy_of_checkout(tmp_path_factory.mktemp("crashing") / "project")
    for old, new in (
        ("folds: 2", "folds: 1"),
        ("[true_frames, on_beads, nearest_frame, linear, linear_refined, cgvae]", "[linear, crashing]"),
        ("alanine_dipeptide: [3, 6]", "alanine_dipeptide: [3]"),
        ("  mlp: {epochs: 2}", "  mlp: {epochs: 2}\n  crashing: {}"),
    ):
        project.edit("config/test.yaml", old, new)
    methods = project.root / "src/cgbench/methods"
    fit = "def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:\n"
    source = (methods / "linear.py").read_text()
    assert fit in source
    (methods / "crashing.py").write_text(source.replace(fit, f"{fit}        raise KeyError('a bug')\n", 1))
    return project


def partial(project: Project) -> str:
    done = subprocess.run(
        [warm_python(), "-m", "cgbench", "partial", "--config", f"{RESULTS}/config.json"],
        cwd=project.root,
        env=project.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def drawn(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.svg"))


def test_crash_of_one_method_leaves_the_others_and_is_named(project: Project) -> None:
    done = project.snakemake("--keep-going", "--show-failed-logs", "tables")
    assert done.returncode != 0
    assert "KeyError: 'a bug'" in done.stdout
    results = project.root / RESULTS
    runs = results / "runs/alanine_dipeptide/backbone-3"
    assert (runs / "linear/fold0/metrics.csv").exists()
    assert not (results / "metrics.csv").exists(), "a table without all runs"

    log = f"{RESULTS}/runs/alanine_dipeptide/backbone-3/crashing/train.log"
    where = "alanine_dipeptide, backbone, 3 beads, crashing, fold 0: train"
    assert f"missing: {where}, see {log}" in partial(project)
    assert not (results / "metrics.csv").exists()
    assert set(pd.read_csv(results / "partial/metrics.csv")["method"]) == {"linear"}
    board = (results / "partial/leaderboard.md").read_text()
    assert "1 of 2 runs have no scores" in board
    assert log in board
    for figure in ("comparison", "ramachandran", "training-crashing"):
        svg = (results / "partial" / FIGURES / f"{figure}.svg").read_text()
        assert "not finished: crashing (3 beads, fold 0)" in svg
    assert "not finished" not in (results / "partial" / FIGURES / "mapping.svg").read_text()


def test_repaired_method_completes_the_report(project: Project) -> None:
    scores = project.root / RESULTS / "runs/alanine_dipeptide/backbone-3/linear/fold0/metrics.csv"
    before = scores.stat().st_mtime_ns
    project.edit("src/cgbench/methods/crashing.py", "        raise KeyError('a bug')\n", "")
    project.run("tables", "figures")
    assert scores.stat().st_mtime_ns == before
    results = project.root / RESULTS
    assert set(pd.read_csv(results / "metrics.csv")["method"]) == {"linear", "crashing"}

    assert "0 runs missing" in partial(project)
    assert drawn(results / "partial/figures") == drawn(results / "figures")
    assert (results / "partial/metrics.csv").read_text() == (results / "metrics.csv").read_text()
