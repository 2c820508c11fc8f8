"""One cluster, and two runs on it at the same time that a lot goes wrong in, for all tests of this folder."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from one_node_slurm import Slurm, missing_programs, one_node_slurm
from submission import RESULTS, RUNS, Submission

from workflow_project import Project

HERE = Path(__file__).parent
MAPPING = "results/test/mappings/alanine_dipeptide/backbone-3/fold0.json"
PATIENCE_S = 1200.0


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
def submissions(slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Submission]:
    """Runs with a configuration of this folder each, at the same time, as most of it is waiting."""
    folder = tmp_path_factory.mktemp("cluster")
    commands = {
        "benchmark": [*RESULTS, f"{RUNS}/greedy/fold0/run.json"],
        "impatient": [
            f"{RUNS}/patient/fold0/run.json",
            *("--default-resources", "slurm_account=atoms", "slurm_partition=first"),
            *("--retries", "5"),  # a busy machine may not even begin within the first minutes
        ],
    }
    made = {name: _submission(folder / name, slurm, HERE / f"{name}.yaml") for name in commands}
    # What the other one shows to work on the cluster need not be shown twice.
    made["impatient"].project.run("--", MAPPING)
    processes = {name: submission.start(*commands[name]) for name, submission in made.items()}
    try:
        _cancel_training(made["benchmark"], processes["benchmark"])
        for name, process in processes.items():
            assert process.wait(timeout=PATIENCE_S) == 0, made[name].log.read_text()
    finally:
        for process in processes.values():
            process.kill()  # where it has not ended by itself, there is nothing to wait for
            process.wait()
    return made


def _submission(root: Path, slurm: Slurm, config: Path) -> Submission:
    project = Project.copy_of_checkout(root)
    for method in (HERE / "methods").glob("*.py"):
        shutil.copy2(method, root / "src/cgbench/methods")
    return Submission(project, slurm, config)


@pytest.fixture(scope="session")
def benchmark(submissions: dict[str, Submission]) -> Submission:
    """The benchmark, whose training of a network is cancelled, and a training short of memory."""
    return submissions["benchmark"]


@pytest.fixture(scope="session")
def impatient(submissions: dict[str, Submission]) -> Submission:
    """A training short of time."""
    return submissions["impatient"]


def _cancel_training(submission: Submission, process: subprocess.Popen[bytes]) -> None:
    """Cancel the training once it has a checkpoint."""
    scratch = submission.project.root / RUNS / "cgvae/fold0/scratch"
    deadline = time.monotonic() + PATIENCE_S
    while not any(scratch.glob("*/[!.]*")):
        assert process.poll() is None, f"the run ended first:\n{submission.log.read_text()}"
        assert time.monotonic() < deadline, "no checkpoint"
        time.sleep(0.05)
    (training,) = submission.jobs("train", "cgvae")
    submission.slurm.ask("scancel", training["JobId"])
