"""Predictions of other methods go through the whole workflow, and are scored again when they change."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from warm_python import warm_python
from workflow_project import ROOT, Project

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs/submit.md").read_text()
CONFIG = """
entries:
  my_template:
    path: "predictions/fold{fold}.npz"
    tasks: [alanine_dipeptide-cgae-3]
    card: card.yaml
run: {mappings: [cgae], methods: [linear], resolutions: {alanine_dipeptide: [3, 4]}}
"""
ARGUMENTS = ("all", "--configfile", "config/test.yaml", "mine.yaml")
RUN = "results/test/runs/alanine_dipeptide/cgae-3/my_template"
CONFIGS = ("config/config.yaml", "config/simulations.yaml", "config/test.yaml", "mine.yaml")


def python_block() -> str:
    (text,) = re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    return str(text)


def yaml_block(first: str) -> str:
    found = re.findall(r"^```yaml\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    (text,) = [text for text in found if text.startswith(first)]
    return str(text)


def cgbench(project: Project, *arguments: str) -> str:
    configs = [text for path in CONFIGS for text in ("--config", path)]
    done = subprocess.run(
        [warm_python(), "-m", "cgbench", *arguments, *configs],
        cwd=project.root,
        env=project.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def submitted(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which docs/submit.md was followed, with the small folds of config/test.yaml."""
    project = Project.copy_of_checkout(tmp_path_factory.mktemp("entries") / "project")
    (project.root / "template.py").write_text(python_block())
    (project.root / "card.yaml").write_text(yaml_block("method:"))
    (project.root / "mine.yaml").write_text(CONFIG)
    cgbench(project, "task", "export", "alanine_dipeptide-cgae-3", "--output", "tasks/fold{fold}")
    (project.root / "predictions").mkdir()
    for fold in range(2):
        arguments = ["template.py", f"tasks/fold{fold}", f"predictions/fold{fold}.npz"]
        subprocess.run([sys.executable, *arguments], cwd=project.root, check=True)
    project.run(*ARGUMENTS)
    return project


def test_the_entry_of_the_documentation_is_that_of_this_test() -> None:
    assert yaml_block("entries:").replace(" ", "") in CONFIG.replace('"', "").replace(" ", "")


def test_an_entry_is_in_every_table_and_figure(submitted: Project) -> None:
    results = submitted.root / "results/test"
    for table in ("metrics.csv", "runs.csv", "intervals.csv", "leaderboard.csv"):
        methods = pd.read_csv(results / table).groupby("method")["n_beads"].unique()
        assert {name: set(n_beads) for name, n_beads in methods.items()} == {
            "linear": {3, 4},
            "my_template": {3},
        }, table
    board = pd.read_csv(results / "leaderboard.csv").set_index(["metric", "atoms", "n_beads", "method"])
    row = board.loc[("energy_score", "heavy", 3, "my_template")]
    assert row["low"] < row["mean"] < row["high"] and row["mark"] in ("best", "tied", "worse")
    assert board.loc[("consistency", "all", 3, "my_template"), "mean"] < 1e-4
    pairs = pd.read_csv(results / "differences.csv")
    assert {"linear", "my_template"} in [set(pair) for pair in pairs[["method", "other"]].to_numpy().tolist()]
    markdown = (results / "leaderboard.md").read_text()
    cards = markdown.split("## Methods")[1].split("\n## ")[0]
    assert "one training frame as a rigid template" in cards and "src/cgbench/methods/linear.py" in cards
    figures = results / "figures/alanine_dipeptide/cgae"
    for name in ("ramachandran-my_template", "atoms-my_template", "comparison", "torsions"):
        assert (figures / f"{name}.svg").exists()
    assert not (figures / "training-my_template.svg").exists()


def test_a_run_and_its_evaluation_agree(submitted: Project) -> None:
    printed = cgbench(
        submitted,
        *("evaluate", "predictions/fold{fold}.npz", "--task", "alanine_dipeptide-cgae-3"),
        *("--card", "card.yaml", "--name", "again", "--metrics", "energy_score,rmsd_recon"),
    )
    rows = {
        cells[2].strip("* ≈?†↑↓"): cells[3].strip("* ≈?")
        for line in printed.splitlines()
        if len(cells := line.split("|")) > 3
    }
    assert {"again", "my_template", "linear"} <= rows.keys()
    assert rows["again"] == rows["my_template"]
    assert "beads are 0.000 Å (median RMSD)" in printed


def test_nothing_is_to_be_done_again(submitted: Project) -> None:
    assert submitted.planned(*ARGUMENTS) == []


def test_the_content_of_a_file_decides_what_is_scored_again(submitted: Project, tmp_path: Path) -> None:
    project = submitted.copy(tmp_path / "project")
    for path in (project.root / "predictions").iterdir():
        path.touch()
    assert project.planned(*ARGUMENTS) == []
    path = project.root / "predictions/fold1.npz"
    with np.load(path) as arrays:
        samples = arrays["samples"]
    np.savez(path, samples=samples + np.float32(0.1))
    rules = [job.rule for job in project.planned(*ARGUMENTS)]
    assert rules.count("read_predictions") == rules.count("score") == 1
    assert not {"prepare", "split", "map", "train", "train_and_sample", "sample"} & set(rules)

    with np.load(path) as arrays:
        np.savez(path, samples=arrays["samples"][1:])
    failed = project.snakemake("--show-failed-logs", f"{RUN}/fold0/run.json", *ARGUMENTS[1:])
    assert failed.returncode
    assert "fold1.npz: shape (23, 1, 22, 3): 23 frames, but the task has 24 test frames" in failed.stdout
