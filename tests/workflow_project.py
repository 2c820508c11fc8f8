"""A copy of the project that tests may run, edit and break."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from warm_python import warm_python

ROOT = Path(__file__).parents[1]
# Jobs of a group are indented.
JOB = re.compile(
    r"^(?P<indent> *)(?:local)?rule (?P<rule>\w+):\n(?P<body>(?:(?P=indent)    .*\n)*)", re.MULTILINE
)


@dataclass(frozen=True)
class Job:
    """One job of a dry run."""

    rule: str
    wildcards: dict[str, str]
    resources: dict[str, str]


@dataclass(frozen=True)
class Project:
    """A directory with the workflow, its configuration and the package's source."""

    root: Path

    @classmethod
    def copy_of_checkout(cls, root: Path) -> "Project":
        """Copy what is needed; the trajectories are linked."""
        root.mkdir(parents=True)
        shutil.copy2(ROOT / "Snakefile", root)
        shutil.copy2(ROOT / "environment.yml", root)
        for folder in ("config", "src", "workflow"):
            shutil.copytree(
                ROOT / folder, root / folder, ignore=shutil.ignore_patterns("resources", "__pycache__")
            )
        (root / "workflow" / "resources").symlink_to(ROOT / "workflow" / "resources")
        return cls(root)

    def copy(self, root: Path) -> "Project":
        """Copy with results, times and Snakemake's records of them."""
        shutil.copytree(self.root, root, symlinks=True)
        return Project(root)

    @property
    def environment(self) -> dict[str, str]:
        """Variables under which the copy's package is imported instead of the checkout's."""
        return os.environ | {"PYTHONPATH": str(self.root / "src"), "OMP_NUM_THREADS": "1"}

    def command(self, *arguments: str) -> list[str]:
        """Command line of Snakemake with the configuration of tests."""
        return [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]

    def snakemake(
        self, *arguments: str, config: str = "config/test.yaml"
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake and return what it printed, standard error included."""
        _, *command = self.command("--configfile", config, *arguments)
        return subprocess.run(
            [warm_python(), *command],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        """Run Snakemake, which must succeed."""
        done = self.snakemake("--show-failed-logs", *arguments)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def planned(self, *arguments: str) -> list[Job]:
        """Jobs of a dry run."""
        return [
            Job(
                found["rule"],
                *(
                    dict(re.findall(r"(\w+)=([^,\s]+)", _line(found["body"], key)))
                    for key in ("wildcards", "resources")
                ),
            )
            for found in JOB.finditer(self.run("--dry-run", *arguments))
        ]

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace text that must be there."""
        file = self.root / path
        content = file.read_text()
        assert old in content, f"{path}: no {old!r}"
        file.write_text(content.replace(old, new))


def _line(body: str, key: str) -> str:
    found = re.search(rf"^ +{key}: (.*)$", body, re.MULTILINE)
    return found[1] if found else ""
