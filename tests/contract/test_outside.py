"""`cgbench contract` holds plug-ins from outside to the same tests as those inside."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cgbench.contract.run import run_contract
from cgbench.core import plugin_places
from cgbench.core.errors import InputError
from plugin_helpers import METRICS, SOURCE, plug_ins, write

# Depends on where the molecule is.
DRIFTING = (
    METRICS.replace("sample_rmsd.mean(axis=1)", "samples.astype(float).mean(axis=(1, 2, 3))")
    .replace("mean_deviation", "drifting")
    .replace("worst_deviation", "fixed")
)


@pytest.fixture(autouse=True)
def _none_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin_places, "_chosen", [])
    monkeypatch.delenv(plugin_places.VARIABLE, raising=False)


@pytest.mark.slow
def test_plug_ins_pass_or_are_named(tmp_path: Path) -> None:
    mine = plug_ins(tmp_path / "mine")
    write(mine, {"metrics/drifting": DRIFTING})
    done = subprocess.run(
        [sys.executable, "-m", "cgbench", "contract", str(mine)],
        cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if not key.startswith("PYTEST")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    failed = re.findall(r"^FAILED \S*::(\w+)\[(\w+)\]", done.stdout, flags=re.MULTILINE)
    assert failed == [("test_moving_everything_changes_nothing", "drifting")], done.stdout
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed and int(passed[1]) > 50
    assert "AssertionError" in done.stdout and "Not equal to tolerance" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine"], "nothing is written elsewhere"


def test_what_cannot_be_tested_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "frames", {"sources/halved": SOURCE})
    with pytest.raises(InputError, match=r"frames: no methods, mappings or metrics, .*; add one"):
        run_contract(str(tmp_path / "frames"))
    mine = plug_ins(tmp_path / "mine")
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(
        InputError, match=r"hypothesis is not installed; run pip install 'cgbench\[contract\]'"
    ):
        run_contract(str(mine))
    write(mine, {"mappings/broken": "import nought\n"})
    with pytest.raises(InputError, match=r"mappings/broken\.py: line 1: cannot be imported"):
        run_contract(str(mine))
