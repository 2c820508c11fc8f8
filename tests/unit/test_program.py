"""Programs are started on chunks of frames; what they do wrong is named, and what is done is kept."""

import json
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cgbench.chem.frames import Frames
from cgbench.config.program import Program
from cgbench.config.run_matrix import RunSpec
from cgbench.core.atomic_io import read_json
from cgbench.core.errors import InputError
from cgbench.core.seeds import derive
from cgbench.mapping.base import Mapping
from cgbench.pipeline.program import run_program
from cgbench.results.samples_file import Samples
from prediction_helpers import CARD, Fold

RUN = RunSpec("alanine", "residues", 3, "theirs", 1)
CHUNK = 8  # of 20 frames
# Atoms near their beads, with the seed as the first coordinate of the first atom.
PROGRAM = """
import os, sys
import numpy as np

beads, samples, seed, n_samples, folder = sys.argv[1:6]
given = np.load(beads + ".npz")
with open(folder + "/log", "a") as file:
    print(len(given["beads"]), file=file)
atoms = given["beads"][:, None, given["bead_index"]].repeat(int(n_samples), axis=1)
atoms += np.random.default_rng(int(seed)).normal(scale=0.5, size=atoms.shape)
{fault}
np.savez(samples + ".npz", samples=atoms)
"""


@pytest.fixture
def fold(alanine_frames: Frames, three_beads: Mapping) -> Fold:
    return Fold.of(alanine_frames, three_beads)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose name a shell would not take as one word, with the card and the program."""
    path = tmp_path / 'a "b" $(touch hacked); c'
    path.mkdir()
    (path / "card.json").write_text(json.dumps(CARD.model_dump(mode="json")))
    return path


def program(folder: Path, fault: str = "", **settings: Any) -> Program:
    script = folder / "program.py"
    script.write_text(PROGRAM.replace("{fault}", textwrap.dedent(fault)))
    quoted = "'" + str(script) + "'"
    command = f"{sys.executable} {quoted} {{beads}} {{samples}} {{seed}} {{n_samples}} '{folder}'"
    given = {"command": command, "card": str(folder / "card.json"), "mappings": ("residues",), "chunk": CHUNK}
    return Program.model_validate(given | settings)


def run(fold: Fold, folder: Path, given: Program, n_samples: int = 2) -> None:
    run_program(
        given, fold.frames, fold.split, fold.mapping, RUN, folder / "run", n_samples=n_samples, seed=5
    )


def started(folder: Path) -> list[str]:
    return (folder / "log").read_text().split()


def test_a_program_is_a_run(fold: Fold, folder: Path) -> None:
    run(fold, folder, program(folder))
    assert started(folder) == ["8", "8", "4"]
    stored = Samples.load(folder / "run/samples.npz")
    assert stored.samples.shape == (20, 2, 22, 3) and stored.seconds > 0
    beads = fold.mapping.lift(fold.mapping.beads(fold.truth))
    expected = [
        np.random.default_rng(derive(5, "program", 1, first)).normal(scale=0.5, size=(length, 2, 22, 3))
        for first, length in ((0, 8), (8, 8), (16, 4))
    ]
    np.testing.assert_allclose(stored.samples - beads[:, None], np.concatenate(expected), atol=1e-4)
    written = read_json(folder / "run/run.json")
    assert written["program"]["command"] == program(folder).command and written["stochastic"]
    assert sorted(path.name for path in (folder / "run").iterdir()) == ["run.json", "samples.npz"]
    assert not list(Path.cwd().glob("hacked")), "no shell reads the command"


def test_after_a_fault_the_other_chunks_alone_are_run(fold: Fold, folder: Path) -> None:
    """The program fails in the last chunk until a file is there."""
    fault = f"if len(atoms) < {CHUNK} and not os.path.exists({str(folder / 'repaired')!r}): sys.exit(3)"
    with pytest.raises(
        InputError, match=r"^theirs, test frames 17 to 20 of fold 1: the command ended with exit"
    ):
        run(fold, folder, program(folder, fault))
    (folder / "repaired").touch()
    run(fold, folder, program(folder, fault))
    assert started(folder) == ["8", "8", "4", "4"]
    whole = Samples.load(folder / "run/samples.npz").samples
    run(fold, folder / "again", program(folder))
    np.testing.assert_array_equal(Samples.load(folder / "again/run/samples.npz").samples, whole)


def test_chunks_of_other_settings_or_another_program_do_not_count(fold: Fold, folder: Path) -> None:
    fault = f"if len(atoms) < {CHUNK}: sys.exit(3)"
    with pytest.raises(InputError):
        run(fold, folder, program(folder, fault))
    run(fold, folder, program(folder))
    assert started(folder) == ["8", "8", "4", "8", "8", "4"]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            "sys.exit(3)",
            r"the command ended with exit status 3; its output is above and its input in .*",
        ),
        ("os.kill(os.getpid(), 9)", r"the command ended with SIGKILL"),
        ("sys.exit()", r"without error, but wrote none of \{samples\}\.npz, .*; correct the command"),
        (
            "atoms = atoms[1:]",
            r"samples\.npz: shape \(7, 2, 22, 3\): 7 frames, but the task has 8",
        ),
        ("atoms = atoms[:, :, :-1]", r"samples\.npz: 21 atoms, but the task has 22, .*; give all atoms"),
        ("atoms[2, 1, 3] = np.nan", r"samples\.npz: NaN, .* in frame 2, sample 1, atom ACE1 H1; predict"),
        ("open(samples + '.pdb', 'w').close(); sys.exit()", r"samples\.pdb"),
    ],
)
def test_what_a_program_does_wrong_is_named(fault: str, message: str, fold: Fold, folder: Path) -> None:
    with pytest.raises(InputError, match=rf"^theirs, test frames 1 to 8 of fold 1: .*{message}"):
        run(fold, folder, program(folder, fault))
    assert started(folder) == ["8"]
    assert not (folder / "run/run.json").exists()


def test_a_program_that_hangs_is_stopped_with_all_that_it_started(fold: Fold, folder: Path) -> None:
    fault = f"""
    import subprocess, time
    child = subprocess.Popen(["sleep", "600"])
    open({str(folder / "child")!r}, "w").write(str(child.pid))
    time.sleep(600)
    """
    with pytest.raises(InputError, match=r"not finished after 0\.05 minutes, and stopped; increase"):
        run(fold, folder, program(folder, fault, time_limit_min=0.05))
    child = Path("/proc", (folder / "child").read_text())
    # The system ends a process some time after it is killed.
    until = time.monotonic() + 60
    while _runs(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(process: Path) -> bool:
    """Whether more is left of a process than its exit status."""
    try:
        return (process / "stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_program_that_is_not_there_is_named(fold: Fold, folder: Path) -> None:
    given = program(folder, command="no-such-program {beads} {samples}", environment=str(folder / "r.txt"))
    with pytest.raises(InputError, match=r"no-such-program cannot be started .*, or add it to .*r\.txt\)"):
        run(fold, folder, given)


def test_chunks_with_other_numbers_of_samples_are_refused(fold: Fold, folder: Path) -> None:
    fault = f"atoms = atoms if len(atoms) == {CHUNK} else atoms[:, :1]"
    with pytest.raises(InputError, match=r"^theirs: 1 samples without 0 atoms in one chunk, 2 without 0"):
        run(fold, folder, program(folder, fault))


def test_a_program_can_train(fold: Fold, folder: Path) -> None:
    """It gets training frames if its command names them."""
    given = program(folder, "np.savez(folder + '/seen', **np.load(sys.argv[6]))", chunk=100)
    run(fold, folder, given.model_copy(update={"command": f"{given.command} {{train}}"}))
    with np.load(folder / "seen.npz") as seen:
        for part in ("train", "valid"):
            np.testing.assert_array_equal(seen[part], fold.frames.positions[getattr(fold.split, part)])
