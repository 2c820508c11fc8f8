"""The programs of config/programs.yaml run in environments that pip makes, and place atoms of chignolin."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import mdtraj
import numpy as np
import pytest

from cgbench.chem.frames import Frames
from cgbench.config.loader import Config
from cgbench.config.run_matrix import RunSpec
from cgbench.core.atomic_io import read_json
from cgbench.mapping.alpha_carbon import Generator
from cgbench.pipeline.program import run_program
from cgbench.pipeline.score import score
from cgbench.results.samples_file import Samples
from cgbench.runtime.virtual_environment import build_environment
from prediction_helpers import Fold

pytestmark = pytest.mark.slow

Environments = Callable[[str], Path]
ROOT = Path(__file__).parents[2]
# Cα of a frame of chignolin, for whose tryptophan PULCHRA has no rotamer.
WITHOUT_ROTAMER = """\
ATOM      1  CA  TYR A   2      15.340  -9.460  -7.550  1.00  0.00           C
ATOM      2  CA  TYR A   3      17.410 -10.360  -4.330  1.00  0.00           C
ATOM      3  CA  ASP A   4      17.560 -12.720  -1.100  1.00  0.00           C
ATOM      4  CA  PRO A   5      13.970 -12.790   0.520  1.00  0.00           C
ATOM      5  CA  GLU A   6      15.490 -13.340   4.070  1.00  0.00           C
ATOM      6  CA  THR A   7      17.020  -9.840   4.010  1.00  0.00           C
ATOM      7  CA  GLY A   8      13.600  -7.950   4.100  1.00  0.00           C
ATOM      8  CA  THR A   9      15.070  -5.170   1.780  1.00  0.00           C
ATOM      9  CA  TRP A  10      12.240  -5.770  -0.650  1.00  0.00           C
ATOM     10  CA  TYR A  11      10.140  -8.850   0.490  1.00  0.00           C
TER
"""
N_FRAMES, N_SAMPLES = 2, 2


@pytest.fixture(scope="module", autouse=True)
def package_index(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip without an index that has the packages."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "pulchra==1.0.1"]
    done = subprocess.run(
        [*command, "--dest", str(tmp_path_factory.mktemp("index"))], capture_output=True, text=True
    )
    if done.returncode:
        assert not os.environ.get("CGBENCH_REQUIRE_INDEX"), done.stderr
        pytest.skip("pip finds no package index")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environments:
    """Environment of a program, by its name; it is made once."""

    @cache
    def made(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name)
        build_environment(ROOT / f"workflow/programs/{name}.txt", folder)
        return folder

    return made


@pytest.fixture(scope="module")
def fold(chignolin_frames: Frames) -> Fold:
    """Two test frames, and beads at Cα."""
    mapping = Generator(Generator.Settings()).generate(chignolin_frames.molecule, 12, 0, None)
    fold = Fold.of(chignolin_frames, mapping)
    return replace(fold, split=replace(fold.split, test=fold.split.test[:: len(fold.truth) // N_FRAMES]))


# Largest RMSD of the backbone and of side chains, and largest distance of a Cα from its bead, Å.
@pytest.mark.parametrize(
    ("name", "backbone", "side_chains", "moved", "differ"),
    [("pulchra", 2.0, 6.0, 0.3, False), ("cgback", 2.0, 6.0, 0.01, True)],
)
def test_a_shipped_program_places_backbone_and_side_chains(
    name: str,
    backbone: float,
    side_chains: float,
    moved: float,
    differ: bool,
    fold: Fold,
    environment: Environments,
    tmp_path: Path,
) -> None:
    program = Config.load(ROOT / "config/config.yaml", ROOT / "config/programs.yaml").programs[name]
    assert program.environment == f"workflow/programs/{name}.txt"
    run = RunSpec("chignolin", "alpha_carbon", 12, name, 0)
    found = run_program(
        program,
        fold.frames,
        fold.split,
        fold.mapping,
        run,
        tmp_path / "run",
        n_samples=N_SAMPLES,
        seed=1,
        environment=environment(name),
    )
    assert any("of caps or ends are missing: ACE1 C, " in note for note in found.notes), found.notes
    written = read_json(tmp_path / "run/run.json")
    assert any(package.startswith(f"{name}==") for package in written["program"]["installed"])
    assert written["stochastic"] == differ and written["card"]["training"] == "zero-shot"
    metrics = ["rmsd_backmap_mean", "energy_score", "chirality_right", "graph_xor"]
    table = score(fold.frames, fold.split, fold.mapping, tmp_path / "run/samples.npz", metrics)
    values = table.set_index(["metric", "atoms"])["value"]
    print(values)
    assert set(values.index.get_level_values("atoms")) == {"backbone", "sidechain", "all"}
    assert 0.1 < values["rmsd_backmap_mean", "backbone"] < backbone
    assert values["rmsd_backmap_mean", "backbone"] < values["rmsd_backmap_mean", "sidechain"] < side_chains
    assert values["chirality_right", "all"] > 0.6
    alpha = np.flatnonzero(np.array(fold.frames.molecule.atom_names) == "CA")
    samples = Samples.load(tmp_path / "run/samples.npz").samples
    assert samples.shape[:2] == (N_FRAMES, N_SAMPLES)
    distances = np.linalg.norm(samples[:, :, alpha] - fold.truth[:, None, alpha], axis=-1)
    assert distances.max() < moved


def test_a_side_chain_without_a_rotamer_is_on_its_alpha_carbon(
    environment: Environments, tmp_path: Path
) -> None:
    (tmp_path / "beads.pdb").write_text(WITHOUT_ROTAMER, encoding="utf-8")
    files = [str(tmp_path / name) for name in ("beads.pdb", "samples.pdb")]
    command = [str(environment("pulchra") / "bin/python"), str(ROOT / "workflow/programs/run_pulchra.py")]
    done = subprocess.run([*command, *files], capture_output=True, text=True, check=True)
    assert "frame 1: no rotamer for TRP 10" in done.stderr
    written = mdtraj.load(str(tmp_path / "samples.pdb"))
    residue = written.topology.residue(8)
    assert (residue.name, residue.n_atoms) == ("TRP", 14)
    alpha, *side_chain = written.topology.select("resid 8 and (name CA or sidechain)")
    assert len(side_chain) == 10
    np.testing.assert_array_equal(written.xyz[0, side_chain], written.xyz[0, [alpha] * 10])
