"""Profiles plan what they promise; tests/cluster runs the one of Slurm for real."""

import re
from pathlib import Path

import pytest

from workflow_project import ROOT, Project

RULE = re.compile(r"^(?= *rule\b)", re.MULTILINE)


@pytest.mark.parametrize("path", sorted((ROOT / "workflow/rules").glob("*.smk")), ids=lambda path: path.stem)
def test_whatever_is_submitted_asks_for_memory_and_time_that_grow(path: Path) -> None:
    for rule in RULE.split(path.read_text())[1:]:
        assert "localrule: True" in rule or ("mem_mb=growing(" in rule and "runtime=growing(" in rule), rule


@pytest.mark.slow
@pytest.mark.parametrize(
    ("profile", "options"), [("slurm", ["--config", "compute={gpus: 1}"]), ("gpus", ["--resources", "gpu=4"])]
)
def test_profile_plans_all_and_gpus_where_networks_and_geometries_are(
    tmp_path: Path, profile: str, options: list[str]
) -> None:
    project = Project.copy_of_checkout(tmp_path / "project")
    jobs = project.planned("all", "--workflow-profile", f"workflow/profiles/{profile}", *options)
    assert {"prepare", "map", "train", "sample", "score"} <= {job.rule for job in jobs}
    with_gpu = {(job.rule, job.wildcards.get("method")) for job in jobs if job.resources.get("gpu") == "1"}
    networks = {"train", "sample"}
    assert {(rule, method) for rule, method in with_gpu if rule in networks} == {
        ("train", "cgvae"),
        ("sample", "cgvae"),
    }, "the others have no network"
    assert {rule for rule, _ in with_gpu} == networks | {"score"}, "geometries are measured on it too"
    assert {job.resources.get("gpu", "0") for job in jobs} == {"0", "1"}
