"""One finished small run that the tests of the workflow share."""

import pytest

from workflow_project import Project


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Project in which `snakemake all` with config/test.yaml has run; not to be changed.

    What that printed is in printed.txt.
    """
    project = Project.copy_of_checkout(tmp_path_factory.mktemp("workflow") / "finished")
    (project.root / "printed.txt").write_text(project.run("--verbose", "all"))
    return project
