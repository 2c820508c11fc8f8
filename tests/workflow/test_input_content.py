"""The content of a user's files decides what is repeated, not their time."""

import os
import shutil
from pathlib import Path

import pytest

from cgbench.core.atomic_io import read_json, sha256
from cgbench.core.content_hash import SMALL
from workflow_project import ROOT, Project

pytestmark = pytest.mark.slow

WALKERS = ROOT / "workflow/resources/alanine_dipeptide"
CARD = "results/test/data/own/card.json"
CONFIG = """
datasets:
  own:
    source: files
    topology: "{folder}/topology.pdb"
    trajectories: ["{folder}/run.xtc"]
    stride: 100
run: {{datasets: [own], resolutions: {{own: [3]}}}}
"""


def test_a_trajectory_counts_by_its_content(tmp_path: Path) -> None:
    project = Project.copy_of_checkout(tmp_path / "project")
    # Snakemake would take a name in braces for a wildcard.
    folder = tmp_path / "md {300K}"
    folder.mkdir()
    shutil.copy(WALKERS / "topology.pdb", folder)
    trajectory = folder / "run.xtc"
    shutil.copy(WALKERS / "walker-0.xtc", trajectory)
    assert trajectory.stat().st_size > SMALL
    (project.root / "own.yaml").write_text(CONFIG.format(folder=folder))
    arguments = (CARD, "--configfile", "config/test.yaml", "own.yaml")

    # Copied from a machine whose clock is ahead.
    later = trajectory.stat().st_mtime + 1e5
    os.utime(trajectory, (later, later))
    project.run(*arguments)
    card = project.root / CARD
    assert read_json(card)["inputs"][str(trajectory)] == sha256(trajectory)

    for file in folder.iterdir():
        os.utime(file, (later + 1, later + 1))
    assert project.planned(*arguments) == []

    other = tmp_path / "other.xtc"
    shutil.copy(WALKERS / "walker-1.xtc", other)
    os.utime(other, (1e9, 1e9))
    other.replace(trajectory)
    project.run(*arguments)
    assert read_json(card)["inputs"][str(trajectory)] == sha256(WALKERS / "walker-1.xtc")
