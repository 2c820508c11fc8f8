"""The programs of config/programs.yaml run in environments that pip makes, and place atoms of chignolin."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from prediction_helpers import Fold

from cgbench.chem.frames import Frames
from cgbench.config.loader import Config
from cgbench.config.run_matrix import RunSpec
from cgbench.core.atomic_io import read_json
from cgbench.mapping.alpha_carbon import Generator
from cgbench.pipeline.program import run_program
from cgbench.pipeline.score import score
from cgbench.results.samples_file import Samples
from cgbench.runtime.virtual_environment import build_environment

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
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
    name: str, backbone: float, side_chains: float, moved: float, differ: bool, fold: Fold, tmp_path: Path
) -> None:
    program = Config.load(ROOT / "config/config.yaml", ROOT / "config/programs.yaml").programs[name]
    requirements = program.requirements()
    assert requirements is not None
    build_environment(requirements[0], tmp_path / "environment")
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
        environment=tmp_path / "environment",
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
