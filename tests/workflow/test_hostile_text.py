"""Text of the configuration reaches programs as text: no shell reads it, whatever it holds."""

import json
import shutil
from pathlib import Path

import pytest

from workflow_project import Project

pytestmark = pytest.mark.slow
# Each part alone would run `touch`, if a shell saw it outside of quotes or in double ones.
HOSTILE = """it's "$(touch HACKED)" `touch HACKED`; touch HACKED & x"""


def test_paths_and_titles_are_not_commands(tmp_path: Path, alanine_directory: Path) -> None:
    project = Project.copy_of_checkout(tmp_path / "project")
    names = {name: f"{HOSTILE}.{name}" for name in ("pdb", "xtc")}
    shutil.copy(alanine_directory / "topology.pdb", project.root / names["pdb"])
    shutil.copy(alanine_directory / "walker-0.xtc", project.root / names["xtc"])
    dataset = {
        "source": "files",
        "topology": names["pdb"],
        "trajectories": [names["xtc"]],
        "stride": 200,
        "title": HOSTILE,
    }
    override = {
        "results": f"results {HOSTILE}",
        "datasets": {"mine": dataset},
        "tracking": {"group": HOSTILE, "tags": [HOSTILE.replace(",", "")]},
        "run": {"datasets": ["mine"], "methods": ["linear"], "resolutions": {"mine": [3]}},
        "protocol": {"gap_ps": 10, "folds": 1},
    }
    (project.root / "hostile.yaml").write_text(json.dumps(override))
    project.run("all", "--configfile", "config/test.yaml", "hostile.yaml")
    results = project.root / f"results {HOSTILE}"
    assert json.loads((results / "data/mine/card.json").read_text())["title"] == HOSTILE
    assert json.loads((results / "config.json").read_text())["datasets"]["mine"]["title"] == HOSTILE
    assert (results / "leaderboard.md").exists()
    assert (results / "figures/mine/backbone/ramachandran.svg").exists()
    assert not list(project.root.rglob("HACKED"))
