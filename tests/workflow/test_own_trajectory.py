"""A trajectory of one's own, from its files to the report, by configuration alone."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cgbench.core.atomic_io import read_json, sha256
from workflow_project import Project

pytestmark = pytest.mark.slow

CONFIG = """
datasets:
  own:
    source: files
    topology: {folder}/ala2.prmtop
    trajectories: ["{folder}/*.nc"]
    temperature_K: 300
    title: My own
run:
  datasets: [own]
  mappings: [alpha_carbon, backbone]
  methods: [linear, mlp]
  resolutions:
    own: {{alpha_carbon: [3], backbone: [6]}}
"""


def test_a_real_trajectory_goes_through_every_stage(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "alanine_dipeptide_real"
    if not folder.is_dir():
        pytest.skip("no alanine_dipeptide_real there")
    project = Project.copy_of_checkout(tmp_path / "project")
    (project.root / "own.yaml").write_text(CONFIG.format(folder=folder))
    project.run("all", "--configfile", "config/test.yaml", "own.yaml")
    results = project.root / "results/test"

    card = read_json(results / "data/own/card.json")
    assert (card["n_frames"], card["n_atoms"], card["n_bonds"]) == (10000, 22, 21)
    assert (card["title"], card["temperature_K"]) == ("My own", 300)
    assert card["residues"] == ["ACE", "ALA", "NME"]
    assert card["processing"] == []
    assert card["inputs"] == {
        str(folder / name): sha256(folder / name) for name in ("ala2.prmtop", "ala2.md.nc")
    }
    assert [row["n_frames"] for row in card["trajectories"]] == [10000]

    # One trajectory is cut into blocks, between which more is left out than frames remember.
    split = json.loads((results / "data/own/splits/fold0.json").read_text())
    assert split["by"] == "blocks"
    assert card["correlation_time_ps"] < split["gap_ps"]
    assert "gap_ps" not in (results / "data/own/splits/fold0.log").read_text()

    metrics = pd.read_csv(results / "metrics.csv")
    assert set(metrics["dataset"]) == {"own"}
    tasks = set(zip(metrics["mapping"], metrics["n_beads"], strict=True))
    assert tasks == {("alpha_carbon", 3), ("backbone", 6)}
    # The published diversity counts valid samples only, and so little training may leave none.
    undefined = metrics[~np.isfinite(metrics["value"])]
    assert set(undefined["metric"]) <= {"rmsd_sample_legacy"}
    error = metrics[(metrics["metric"] == "rmsd_recon") & (metrics["atoms"] == "all")]
    linear = error[error["method"] == "linear"].groupby("mapping")["value"].mean()
    # Fitted on few frames, linear leaves about an Å: no unit is wrong, and no atom is elsewhere.
    assert linear.between(0.3, 2.5).all()
    assert metrics.loc[metrics["metric"] == "consistency", "value"].max() < 1e-3

    figures = results / "figures/own"
    expected = {f"{name}.svg" for name in ("rmsd-rg", "walkers")}
    assert {path.name for path in figures.glob("*.svg")} >= expected
    for mapping in ("alpha_carbon", "backbone"):
        names = {path.name for path in (figures / mapping).glob("*.svg")}
        assert {"comparison.svg", "mapping.svg", "ramachandran.svg"} <= names
    assert {"own"} == set(pd.read_csv(results / "leaderboard.csv")["dataset"])
