"""Profiles plan what they promise; tests/cluster runs the one of Slurm for real."""

from pathlib import Path

import pytest

from workflow_project import Project


@pytest.mark.slow
@pytest.mark.parametrize(
    ("profile", "options"), [("slurm", ["--config", "compute={gpus: 1}"]), ("gpus", ["--resources", "gpu=4"])]
)
def test_profile_plans_all_and_gpus_where_networks_and_geometries_are(
    tmp_path: Path, profile: str, options: list[str]
) -> None:
    project = Project.copy_of_checkout(tmp_path / "project")
    jobs = project.planned("all", "--workflow-profile", f"workflow/profiles/{profile}", *options)
    submitted = {"prepare", "map", "train", "train_and_sample", "sample", "score", "noise_floor", "intervals"}
    assert submitted <= {job.rule for job in jobs}
    for job in jobs:
        assert job.rule not in submitted or {"mem_mb", "runtime"} <= job.resources.keys(), job
    with_gpu = {(job.rule, job.wildcards.get("method")) for job in jobs if job.resources.get("gpu") == "1"}
    networks = {"train", "sample"}
    assert {(rule, method) for rule, method in with_gpu if rule in networks} == {
        ("train", "cgvae"),
        ("sample", "cgvae"),
    }, "the others have no network"
    assert {rule for rule, _ in with_gpu} == networks | {"score"}, "geometries are measured on it too"
    assert {job.resources.get("gpu", "0") for job in jobs} == {"0", "1"}
