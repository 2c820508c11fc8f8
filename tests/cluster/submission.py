"""A run of the workflow on a cluster, as its user starts it and as Slurm sees it."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from one_node_slurm import Slurm

from workflow_project import Project

HERE = Path(__file__).parent
RUNS = "results/test/runs/alanine_dipeptide/backbone-3"
COMPARISON = "results/test/figures/alanine_dipeptide/backbone/comparison.svg"
RESULTS = ("tables", COMPARISON)  # one figure, as each job costs three starts of Python


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

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Give the command that a user of this cluster would give, and do not wait for it."""
        with self.log.open("w") as output:
            return subprocess.Popen(
                [
                    *(sys.executable, "-m", "snakemake", *arguments),
                    *("--workflow-profile", "workflow/profiles/slurm", "--profile", str(HERE / "site")),
                    *("--slurm-init-seconds-before-status-checks", "2"),
                    *("--configfile", "config/test.yaml", str(self.config)),
                ],
                cwd=self.project.root,
                env=self.project.environment
                | self.slurm.environment
                # Threads that spin while they wait take what the other jobs of a small machine need.
                | {"OMP_WAIT_POLICY": "passive"},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def jobs(self, *words: str) -> list[dict[str, str]]:
        """Slurm's jobs, first attempts first, whose comment has all of the words.

        The comment names rule and wildcards, or a group and its rules.
        """
        return [
            job
            for job in self.slurm.jobs()
            if job["WorkDir"] == str(self.project.root) and set(words) <= set(job["Comment"].split("_"))
        ]
