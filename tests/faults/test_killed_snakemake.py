"""Snakemake killed, with its job or without it: what is said, and how the run goes on."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from workflow_project import Project

pytestmark = pytest.mark.slow
RUN = "results/test/runs/alanine_dipeptide/backbone-3/cgvae/fold0"
SCORES = f"{RUN}/metrics.csv"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which CGVAE trains long enough to be killed, up to before that training."""
    project = Project.copy_of_checkout(tmp_path_factory.mktemp("killed") / "prepared")
    project.edit("config/test.yaml", "    epochs: 2\n    features", "    epochs: 20\n    features")
    project.run("results/test/mappings/alanine_dipeptide/backbone-3/fold0.json")
    return project


@pytest.fixture(scope="module")
def scores(prepared: Project, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Scores of a run that nothing happened to."""
    project = prepared.copy(tmp_path_factory.mktemp("whole") / "project")
    project.run("--", SCORES)
    return (project.root / SCORES).read_text()


@contextmanager
def training(project: Project) -> Iterator[subprocess.Popen[bytes]]:
    """Start Snakemake in a process group of its own, and wait for the first checkpoint."""
    process = subprocess.Popen(
        project.command(f"{RUN}/model.pt", "--configfile", "config/test.yaml"),
        cwd=project.root,
        env=project.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until(
            lambda: any(project.root.glob(f"{RUN}/scratch/*/checkpoint.pt")), lambda: process.poll() is None
        )
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(done: Callable[[], bool], alive: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not done():
        assert alive(), "it ended too early"
        assert time.monotonic() < deadline, "five minutes were not enough"
        time.sleep(0.01)


def refused(project: Project, *arguments: str) -> str:
    done = project.snakemake(*arguments)
    assert done.returncode != 0
    return done.stdout


def test_killed_with_its_job_a_run_goes_on_and_ends_as_if_it_had_not_been(
    prepared: Project, scores: str, tmp_path: Path
) -> None:
    project = prepared.copy(tmp_path / "project")
    with training(project) as process:
        os.killpg(process.pid, signal.SIGKILL)  # as when a machine goes down
    assert not (project.root / RUN / "model.pt").exists()

    assert "--unlock" in refused(project, "--", SCORES)
    project.run("--unlock", SCORES)
    project.run("--rerun-incomplete", "--", SCORES)
    assert json.loads((project.root / RUN / "run.json").read_text())["resumed"]
    assert not (project.root / RUN / "scratch").exists()
    assert (project.root / SCORES).read_text() == scores


def test_job_that_outlives_snakemake_is_waited_for_and_its_result_replaced(
    prepared: Project, scores: str, tmp_path: Path
) -> None:
    project = prepared.copy(tmp_path / "project")
    log = project.root / RUN / "train.log"
    with training(project) as process:
        os.killpg(process.pid, signal.SIGSTOP)  # time stands still for both of them
        said = refused(project, "--", SCORES)
        assert "Directory cannot be locked" in said
        assert "no other Snakemake process is trying to create the same files" in said
        assert "--unlock" in said
        process.kill()
        process.wait()

        project.run("--unlock", SCORES)
        again = project.command("--configfile", "config/test.yaml", "--rerun-incomplete", "--", SCORES)
        with subprocess.Popen(
            again, cwd=project.root, env=project.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as rerun:
            wait_until(
                lambda: log.exists() and "another process is working on it" in log.read_text(),
                lambda: rerun.poll() is None,
            )
            os.killpg(process.pid, signal.SIGCONT)
            printed, _ = rerun.communicate()
        assert rerun.returncode == 0, printed
    assert not json.loads((project.root / RUN / "run.json").read_text())["resumed"]
    assert (project.root / SCORES).read_text() == scores
