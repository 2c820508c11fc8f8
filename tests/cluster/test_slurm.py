"""The workflow through `sbatch`: what jobs ask for, and what happens when it is too little."""

from pathlib import Path

import pytest
from submission import COMPARISON, RESULTS, RUNS, Submission

from cgbench.core.atomic_io import read_json

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


def test_every_stage_runs_as_a_job(benchmark: Submission) -> None:
    for stage in ("prepare", "map", "train", "sample", "score", "intervals"):
        assert benchmark.jobs(stage), f"no job of {stage}"
    results = benchmark.project.root / "results/test"
    assert "cgvae" in (results / "leaderboard.md").read_text()
    assert (benchmark.project.root / COMPARISON).exists()


def test_jobs_land_with_what_their_rules_ask_for(benchmark: Submission) -> None:
    # Sampling (2 GB, 20 min) and scoring (4 GB, 60 min) one after the other.
    (evaluate,) = benchmark.jobs("evaluate", "sample", "score")
    asked = evaluate["NumCPUs"], evaluate["MinMemoryNode"], evaluate["TimeLimit"]
    assert asked == ("2", "4000M", "01:20:00")
    assert evaluate["TresPerJob"] == "gres:gpu:1"
    (prepare,) = benchmark.jobs("prepare")
    assert (prepare["NumCPUs"], prepare["MinMemoryNode"], prepare["TimeLimit"]) == ("1", "4000M", "01:00:00")
    assert "TresPerJob" not in prepare


def test_account_and_partition_come_from_outside_of_the_project(
    benchmark: Submission, impatient: Submission
) -> None:
    def charged(submission: Submission) -> set[tuple[str, str]]:
        return {(job["Account"], job["Partition"]) for job in submission.jobs()}

    assert charged(benchmark) == {("molecules", "second")}, "the profile of the site"
    assert charged(impatient) == {("atoms", "first")}, "the command line over that profile"


def test_cancelled_training_goes_on_from_its_checkpoint(benchmark: Submission) -> None:
    first, second = benchmark.jobs("train", "cgvae")
    assert (first["JobState"], second["JobState"]) == ("CANCELLED", "COMPLETED")
    directory = benchmark.project.root / RUNS / "cgvae/fold0"
    assert read_json(directory / "run.json")["resumed"]
    assert not (directory / "scratch").exists()


def test_memory_is_enforced_and_retried_with_more(benchmark: Submission) -> None:
    first, second = benchmark.jobs("evaluate", "train")
    assert (first["MinMemoryNode"], first["TimeLimit"], first["JobState"]) == ("2000M", "00:20:00", "FAILED")
    assert "exceeded memory limit" in Path(first["StdOut"]).read_text()
    assert (second["MinMemoryNode"], second["TimeLimit"]) == ("4000M", "00:40:00")
    assert second["JobState"] == "COMPLETED"


def test_time_is_enforced_and_retried_with_more(impatient: Submission) -> None:
    *failed, last = impatient.jobs("evaluate", "train")
    assert failed
    for minutes, job in enumerate(failed, start=1):
        assert (job["TimeLimit"], job["JobState"]) == (f"00:0{minutes}:00", "TIMEOUT")
        assert "DUE TO TIME LIMIT" in Path(job["StdOut"]).read_text()
    assert (last["TimeLimit"], last["JobState"]) == (f"00:0{len(failed) + 1}:00", "COMPLETED")


def test_second_submission_has_nothing_to_do(benchmark: Submission) -> None:
    before = len(benchmark.jobs())
    status = benchmark.start(*RESULTS).wait()
    assert status == 0, benchmark.log.read_text()
    assert "Nothing to be done" in benchmark.log.read_text()
    assert len(benchmark.jobs()) == before
