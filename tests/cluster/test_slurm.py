"""The workflow through `sbatch`: what jobs ask for, and what happens when it is too little."""

from pathlib import Path

import pytest

from cgbench.files import read_json
from conftest import RUNS, Submission

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


def test_every_stage_runs_as_a_job(cancelled: Submission) -> None:
    for stage in ("prepare", "map", "train", "sample", "score", "ramachandran", "walkers"):
        assert cancelled.jobs(stage), f"no job of {stage}"
    results = cancelled.project.root / "results/test"
    assert "cgvae" in (results / "leaderboard.md").read_text()
    assert (results / "figures/alanine_dipeptide/backbone/comparison.svg").exists()


def test_jobs_land_with_what_their_rules_ask_for(cancelled: Submission) -> None:
    (sample,) = cancelled.jobs("sample")
    assert (sample["NumCPUs"], sample["MinMemoryNode"], sample["TimeLimit"]) == ("2", "3000M", "00:20:00")
    assert sample["TresPerJob"] == "gres:gpu:1"
    (prepare,) = cancelled.jobs("prepare")
    assert (prepare["NumCPUs"], prepare["MinMemoryNode"], prepare["TimeLimit"]) == ("1", "4000M", "01:00:00")
    assert "TresPerJob" not in prepare


def test_account_and_partition_of_a_profile_outside_of_the_project(cancelled: Submission) -> None:
    assert {(job["Account"], job["Partition"]) for job in cancelled.jobs()} == {("molecules", "second")}


def test_cancelled_training_goes_on_from_its_checkpoint(cancelled: Submission) -> None:
    first, second = cancelled.jobs("train")
    assert (first["JobState"], second["JobState"]) == ("CANCELLED", "COMPLETED")
    directory = cancelled.project.root / RUNS / "cgvae/fold0"
    assert read_json(directory / "run.json")["resumed"]
    assert not (directory / "scratch").exists()


def test_memory_is_enforced_and_retried_with_more(starved: Submission) -> None:
    first, second = starved.jobs("train", "greedy")
    assert (first["MinMemoryNode"], first["JobState"]) == ("2000M", "FAILED")
    assert "exceeded memory limit" in Path(first["StdOut"]).read_text()
    assert (second["MinMemoryNode"], second["JobState"]) == ("4000M", "COMPLETED")


def test_time_is_enforced_and_retried_with_more(starved: Submission) -> None:
    first, second = starved.jobs("train", "patient")
    assert (first["TimeLimit"], first["JobState"]) == ("00:01:00", "TIMEOUT")
    assert "DUE TO TIME LIMIT" in Path(first["StdOut"]).read_text()
    assert (second["TimeLimit"], second["JobState"]) == ("00:02:00", "COMPLETED")


def test_second_submission_has_nothing_to_do(cancelled: Submission) -> None:
    before = len(cancelled.jobs())
    status = cancelled.start("all").wait()
    assert status == 0, cancelled.log.read_text()
    assert "Nothing to be done" in cancelled.log.read_text()
    assert len(cancelled.jobs()) == before
