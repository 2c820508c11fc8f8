"""One cluster, and two runs on it at the same time that a lot goes wrong in, for all tests of this folder."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from one_node_slurm import Slurm, missing_programs, one_node_slurm
from workflow_project import Project

HERE = Path(__file__).parent
MAPPING = "results/test/mappings/alanine_dipeptide/backbone-3/fold0.json"
RUNS = "results/test/runs/alanine_dipeptide/backbone-3"
PATIENCE_S = 1200.0


@dataclass(frozen=True)
class Submission:
    """A copy of the project whose jobs run on a cluster, with a configuration over that of the tests."""

    project: Project
    slurm: Slurm
    config: Path

    @property
    def log(self) -> Path:
        """What Snakemake says."""
        return self.project.root / "snakemake.log"

    def start(self, *targets: str) -> subprocess.Popen[bytes]:
        """Give the command that a user of this cluster would give, and do not wait for it."""
        with self.log.open("w") as output:
            return subprocess.Popen(
                [
                    *(sys.executable, "-m", "snakemake", *targets),
                    *("--workflow-profile", "workflow/profiles/slurm", "--profile", str(HERE / "site")),
                    *("--slurm-init-seconds-before-status-checks", "2"),
                    *("--configfile", "config/test.yaml", str(self.config)),
                ],
                cwd=self.project.root,
                env=self.project.environment | self.slurm.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def jobs(self, *words: str) -> list[dict[str, str]]:
        """Slurm's jobs, first attempts first, whose comment (rule and wildcards) has all of the words."""
        return [
            job
            for job in self.slurm.jobs()
            if job["WorkDir"] == str(self.project.root) and set(words) <= set(job["Comment"].split("_"))
        ]


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A cluster of one node; without Slurm's programs tests skip, or fail where they must run."""
    if missing := missing_programs():
        reason = (
            f"Slurm is not installed (no {', '.join(missing)}); on Debian: "
            "apt-get install slurmctld slurmd slurm-client munge"
        )
        if os.environ.get("CGBENCH_REQUIRE_SLURM") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with one_node_slurm(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def submissions(slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> tuple[Submission, Submission]:
    """A benchmark whose training was cancelled on the way, and trainings that had asked for too little."""
    folder = tmp_path_factory.mktemp("cluster")
    starved = Submission(Project.copy_of_checkout(folder / "starved"), slurm, HERE / "starved.yaml")
    for method in (HERE / "methods").glob("*.py"):
        shutil.copy2(method, starved.project.root / "src/cgbench/methods")
    starved.project.run("--", MAPPING)  # what others show to work on the cluster need not be done there again
    cancelled = Submission(Project.copy_of_checkout(folder / "cancelled"), slurm, HERE / "cancelled.yaml")
    both = [
        (starved, starved.start(f"{RUNS}/greedy/fold0/run.json", f"{RUNS}/patient/fold0/run.json")),
        (cancelled, cancelled.start("all")),
    ]
    try:
        _cancel_training(*both[1])
        for submission, process in both:
            assert process.wait(timeout=PATIENCE_S) == 0, submission.log.read_text()
    finally:
        for _, process in both:
            process.kill()  # where it has not ended by itself, there is nothing to wait for
            process.wait()
    return cancelled, starved


@pytest.fixture(scope="session")
def cancelled(submissions: tuple[Submission, Submission]) -> Submission:
    return submissions[0]


@pytest.fixture(scope="session")
def starved(submissions: tuple[Submission, Submission]) -> Submission:
    return submissions[1]


def _cancel_training(submission: Submission, process: subprocess.Popen[bytes]) -> None:
    """Cancel the training once it has a checkpoint."""
    scratch = submission.project.root / RUNS / "cgvae/fold0/scratch"
    deadline = time.monotonic() + PATIENCE_S
    while not any(scratch.glob("*/[!.]*")):
        assert process.poll() is None, f"the run ended first:\n{submission.log.read_text()}"
        assert time.monotonic() < deadline, "no checkpoint"
        time.sleep(0.05)
    (training,) = submission.jobs("train")
    submission.slurm.ask("scancel", training["JobId"])
