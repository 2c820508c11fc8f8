"""The workflow started outside of the checkout, or where nothing can be written."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from workflow_project import Project

pytestmark = pytest.mark.slow
# Without the capabilities by which root writes where others may not.
AS_A_USER = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")


def _run_in(
    folder: Path, project: Project, *arguments: str, before: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    command = project.command("--snakefile", str(project.root / "Snakefile"), *arguments)
    return subprocess.run(
        [*before, *command],
        cwd=folder,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("option", [True, False], ids=["--directory", "working directory"])
def test_config_and_trajectories_of_the_checkout_are_found(option: bool, tmp_path: Path) -> None:
    project = Project.copy_of_checkout(tmp_path / "project")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    where = ["--directory", str(elsewhere)] if option else []
    config = str(project.root / "config/test.yaml")
    done = _run_in(
        project.root if option else elsewhere, project, *where, "data", "--configfile", config, "--dry-run"
    )
    assert done.returncode == 0, done.stdout
    assert "output: results/test/data/alanine_dipeptide/frames.npz" in done.stdout


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    project = Project.copy_of_checkout(tmp_path / "project")
    project.root.chmod(0o555)
    try:
        done = _run_in(
            project.root, project, "data", "--dry-run", before=AS_A_USER if os.geteuid() == 0 else ()
        )
    finally:
        project.root.chmod(0o755)
    assert f"{project.root}: not writable" in done.stdout
