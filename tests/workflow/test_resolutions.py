"""Resolutions for each mapping: what is planned is what the configuration names, figures included."""

from pathlib import Path

import pytest

from workflow_project import Project

pytestmark = pytest.mark.slow

CONFIG = """
datasets:
  same: {source: bundled, directory: workflow/resources/alanine_dipeptide, stride: 100}
run:
  datasets: [alanine_dipeptide, same]
  mappings: [backbone, alpha_carbon]
  methods: [linear]
  resolutions:
    alanine_dipeptide: {backbone: [5, 6], alpha_carbon: [3]}
    same: {backbone: [4]}
"""


def test_tasks_and_figures_are_those_of_the_mappings_of_each_dataset(tmp_path: Path) -> None:
    project = Project.copy_of_checkout(tmp_path / "project")
    (project.root / "mine.yaml").write_text(CONFIG)
    planned = project.planned("all", "--configfile", "config/test.yaml", "mine.yaml")
    tasks = {
        (job.wildcards["dataset"], job.wildcards["mapping"], job.wildcards["n_beads"])
        for job in planned
        if job.rule == "map"
    }
    assert tasks == {
        ("alanine_dipeptide", "backbone", "5"),
        ("alanine_dipeptide", "backbone", "6"),
        ("alanine_dipeptide", "alpha_carbon", "3"),
        ("same", "backbone", "4"),
    }
    for rule in (
        "figures_scores", "figures_samples", "figures_distributions", "figures_mappings", "figures_training",
    ):  # fmt: skip
        drawn = [(job.wildcards["dataset"], job.wildcards["mapping"]) for job in planned if job.rule == rule]
        assert sorted(drawn) == [
            ("alanine_dipeptide", "alpha_carbon"),
            ("alanine_dipeptide", "backbone"),
            ("same", "backbone"),
        ]
    walkers = [job.wildcards["dataset"] for job in planned if job.rule == "figures_trajectories"]
    assert sorted(walkers) == ["alanine_dipeptide", "same"]


def test_files_for_print_are_known_to_the_workflow(tmp_path: Path) -> None:
    """Also those of figures that do not belong to a mapping, or to the default target."""
    project = Project.copy_of_checkout(tmp_path / "project")
    figures = "results/test/figures/alanine_dipeptide"
    files = [f"{figures}/{name}.pdf" for name in ("walkers", "rmsd-rg", "backbone/leakage", "backbone/cost")]
    rules = {job.rule for job in project.planned("--", *files)}
    assert {"figures_trajectories", "figures_leakage", "figures_scores"} <= rules
