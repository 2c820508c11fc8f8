"""Environments of programs: what pip cannot install is named."""

from pathlib import Path

import pytest

from cgbench.core.errors import InputError
from cgbench.runtime.virtual_environment import INSTALLED, build_environment

pytestmark = pytest.mark.slow


def test_requirements_that_cannot_be_installed_are_named_and_leave_no_list(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("--no-index\nno-such-package==1.0\n")
    with pytest.raises(InputError, match=r"requirements\.txt: pip could not make the environment"):
        build_environment(requirements, tmp_path / "environment")
    assert not (tmp_path / "environment" / INSTALLED).exists()
