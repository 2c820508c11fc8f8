"""Puts the workflow into a wheel, so that `cgbench run` needs no checkout; all else is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

WORKFLOW = ("Snakefile", "config", "environment.yml", "workflow")


class BuildWithWorkflow(build_py):
    """Copy the workflow beside the modules; an editable installation uses the checkout."""

    def run(self) -> None:
        """Copy the modules, then the workflow."""
        super().run()
        if self.editable_mode:
            return
        project = Path(self.build_lib, "cgbench", "project")
        shutil.rmtree(project, ignore_errors=True)
        project.mkdir(parents=True)
        for name in WORKFLOW:
            if Path(name).is_dir():
                shutil.copytree(name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(name, project)


setup(cmdclass={"build_py": BuildWithWorkflow})
