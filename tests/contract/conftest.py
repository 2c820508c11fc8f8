"""Failures of the tests that are in the package show the values that they compare, like all others."""

import pytest

from cgbench.contract.run import MODULES

pytest.register_assert_rewrite(*(f"cgbench.contract.{name}" for name in MODULES.values()))
