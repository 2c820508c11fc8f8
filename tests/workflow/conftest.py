"""One finished small run that the tests of the workflow share."""

import pytest

from workflow_project import Project


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Project in which `snakemake all` with config/test.yaml has run; not to be changed."""
    project = Project.copy_of_checkout(tmp_path_factory.mktemp("workflow") / "finished")
    project.run("all")
    return project
