"""The contract tests, run for the plug-ins of one folder or installed package."""

import importlib.util
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cgbench.core import plugin_places, registry
from cgbench.core.errors import InputError

# Modules with tests, by the kind of their plug-ins.
MODULES = {"methods": "methods", "mapping": "mappings", "metrics": "metrics"}


def under_test(kind: str) -> list[str]:
    """Names of the plug-ins to test: those from outside of this package if there are any, otherwise all."""
    return registry.names_outside(kind) or registry.names(kind)


def run_contract(place: str, options: Sequence[str] = ()) -> int:
    """Test the plug-ins of a folder or package, and return the exit status of pytest.

    Parameters
    ----------
    place
        Folder with ``methods/``, ``mappings/`` or ``metrics/``, or name of an installed package.
    options
        Further options of pytest.

    Raises
    ------
    InputError
        If there are no such plug-ins, one cannot be imported, or pytest is not installed.
    """
    plugin_places.choose([place])
    kinds = [kind for kind in MODULES if registry.names_outside(kind)]
    if not kinds:
        raise InputError(
            f"{place}: no methods, mappings or metrics, which are what has contract tests; add one"
        )
    for kind in kinds:
        for name in registry.names_outside(kind):
            registry.load(kind, name)
    for module in ("hypothesis", "pytest"):
        if importlib.util.find_spec(module) is None:
            raise InputError(f"{module} is not installed; run pip install 'cgbench[contract]'")
    import pytest

    folder = Path(__file__).parent
    # Neither the settings nor the tests of the folder where this runs have a part.
    settings = ["-c", "/dev/null", "--rootdir", str(folder), "-o", "markers=slow: takes long"]
    settings += ["-p", "no:cacheprovider", "-p", "cgbench.contract.molecules", "-ra", "--strict-markers"]
    files = [str(folder / f"{MODULES[kind]}.py") for kind in kinds]
    with tempfile.TemporaryDirectory() as storage:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = storage  # otherwise here
        return int(pytest.main([*settings, *options, *files]))
