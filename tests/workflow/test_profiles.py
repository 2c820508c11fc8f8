"""Profiles plan what they promise; tests/cluster runs the one of Slurm for real."""

import re

import pytest
from workflow_project import Project

pytestmark = pytest.mark.slow
PROFILES = "workflow/profiles"


def _planned(project: Project, *arguments: str) -> dict[str, str]:
    """Rule: resources of the jobs of a dry run, those that stay on the login node left out."""
    printed = project.run("--dry-run", "--forceall", "all", *arguments)
    return dict(re.findall(r"^rule (\w+):\n(?:    .*\n)*?    resources: (.*)$", printed, re.MULTILINE))


def test_whatever_is_submitted_says_how_much_memory_and_time_it_needs(finished: Project) -> None:
    planned = _planned(finished, "--workflow-profile", f"{PROFILES}/slurm")
    assert set(planned) >= {"prepare", "map", "train", "sample", "score"}
    for rule, resources in planned.items():
        assert "runtime=" in resources, rule
        assert "mem_mb=" in resources, rule


def test_training_and_sampling_take_a_gpu_each_where_there_are_several(finished: Project) -> None:
    planned = _planned(finished, "--workflow-profile", f"{PROFILES}/gpus", "--resources", "gpu=4")
    with_gpu = {rule for rule, resources in planned.items() if re.search(r"\bgpu=1\b", resources)}
    assert with_gpu == {"train", "sample"}
