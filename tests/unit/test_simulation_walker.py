"""Walkers: killed and resumed like uninterrupted ones, and nothing resumed that is not theirs."""

import signal
import subprocess
import sys
import time

import mdtraj
import numpy as np
import openmm
import pytest

from cgbench.core.errors import InputError
from cgbench.core.settings import parse_settings
from cgbench.simulation import Recipe, build_structure, simulate_walker
from cgbench.simulation.dynamics import make_context, make_system
from cgbench.simulation.recipe import TorsionStart

FRAMES = 1100

RUN = """
import sys
from cgbench.simulation import Recipe, simulate_walker
simulate_walker(Recipe.model_validate_json(sys.argv[1]), 1, sys.argv[2], sys.argv[3])
"""


@pytest.fixture(scope="module")
def recipe():
    values = {
        "title": "test",
        "sequence": "A",
        "walkers": 2,
        "starts": [{"kind": "torsions", "phi": 55, "psi": 40}],
        "frames_per_walker": FRAMES,
        "frame_interval_ps": 0.1,
        "chunk_frames": 100,
        "equilibration_ps": 1,
    }
    return parse_settings(Recipe, values, "recipe")


@pytest.fixture(scope="module")
def structure(recipe, tmp_path_factory):
    path = tmp_path_factory.mktemp("walker") / "start.pdb"
    build_structure(recipe, path)
    return path


@pytest.fixture(scope="module")
def uninterrupted(recipe, structure):
    path = structure.with_name("uninterrupted.xtc")
    simulate_walker(recipe, 1, structure, path)
    return path


@pytest.mark.slow
def test_killed_walker_ends_like_an_uninterrupted_one(recipe, structure, uninterrupted, tmp_path):
    output = tmp_path / "walker-1.xtc"
    command = [sys.executable, "-c", RUN, recipe.to_json(), str(structure), str(output)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    parts = tmp_path / "walker-1.parts"
    limit = time.monotonic() + 60
    while len(list(parts.glob("state-*.xml"))) < 3 and time.monotonic() < limit:
        time.sleep(0.02)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not output.exists()

    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    assert output.read_bytes() == uninterrupted.read_bytes()
    assert not parts.exists()


@pytest.mark.slow
def test_frames_are_complete_and_evenly_spaced(structure, uninterrupted):
    trajectory = mdtraj.load(str(uninterrupted), top=str(structure))
    assert trajectory.n_frames == FRAMES
    np.testing.assert_allclose(np.diff(trajectory.time), 0.1, atol=1e-4)
    assert trajectory.time[0] == pytest.approx(0.1)


@pytest.mark.slow
def test_walker_starts_where_it_was_told(structure, uninterrupted):
    first = mdtraj.load_frame(str(uninterrupted), 0, top=str(structure))
    assert 20 < np.degrees(mdtraj.compute_phi(first)[1][0, 0]) < 100


@pytest.mark.slow
def test_walkers_are_independent(recipe, structure, uninterrupted, tmp_path):
    short = recipe.model_copy(update={"frames_per_walker": 2})
    simulate_walker(short, 0, structure, tmp_path / "walker-0.xtc")
    other = mdtraj.load(str(tmp_path / "walker-0.xtc"), top=str(structure))
    same = mdtraj.load(str(uninterrupted), top=str(structure))[:2]
    assert not np.allclose(other.xyz, same.xyz, atol=1e-3)


@pytest.mark.slow
def test_walker_that_must_leave_does_so_in_time(recipe, structure, tmp_path):
    start = recipe.starts[0].model_copy(update={"leaves_within_ps": 5.0})
    changes = {
        "starts": (start,),
        "frames_per_walker": 50,
        "equilibration_ps": 0.1,
        "temperature_kelvin": 900.0,
    }
    simulate_walker(recipe.model_copy(update=changes), 0, structure, tmp_path / "walker-0.xtc")
    trajectory = mdtraj.load(str(tmp_path / "walker-0.xtc"), top=str(structure))
    phi = mdtraj.compute_phi(trajectory)[1][:, 0]
    assert phi[0] > 0
    assert phi[-1] < 0


def test_checkpoints_of_another_recipe_are_refused(recipe, structure, tmp_path):
    output = tmp_path / "walker-0.xtc"
    (tmp_path / "walker-0.parts").mkdir()
    (tmp_path / "walker-0.parts" / "owner.json").write_text('{"fingerprint": "0123"}')
    with pytest.raises(
        InputError, match=r"walker-0\.parts: these checkpoints belong to another recipe.*0123"
    ):
        simulate_walker(recipe, 0, structure, output)


@pytest.mark.slow
def test_checkpoints_half_removed_are_made_again(recipe, structure, tmp_path):
    short = recipe.model_copy(update={"frames_per_walker": 3, "chunk_frames": 1})
    simulate_walker(short, 1, structure, tmp_path / "whole.xtc")

    def kill(*_):
        raise InterruptedError

    with pytest.MonkeyPatch.context() as patch, pytest.raises(InterruptedError):
        patch.setattr("cgbench.simulation.walker._join", kill)
        simulate_walker(short, 1, structure, tmp_path / "walker-1.xtc")
    for name in ("chunk-00002.xtc", "state-00000.xml"):
        (tmp_path / "walker-1.parts" / name).unlink()
    simulate_walker(short, 1, structure, tmp_path / "walker-1.xtc")
    assert (tmp_path / "walker-1.xtc").read_bytes() == (tmp_path / "whole.xtc").read_bytes()


def test_walker_outside_the_recipe_is_refused(recipe, structure, tmp_path):
    with pytest.raises(InputError, match="walker 2: the recipe has walkers 0 to 1"):
        simulate_walker(recipe, 2, structure, tmp_path / "walker-2.xtc")


def test_divergence_names_walker_step_and_cure(recipe, structure, tmp_path):
    wild = recipe.model_copy(update={"timestep_fs": 25.0, "frames_per_walker": 10})
    with pytest.raises(InputError, match=r"walker 0, .*diverged: lower timestep_fs"):
        simulate_walker(wild, 0, structure, tmp_path / "walker-0.xtc")


def test_forces_are_those_of_implicit_solvent_without_cutoff(recipe, structure):
    system = make_system(recipe, openmm.app.PDBFile(str(structure)).topology)
    forces = {type(force).__name__: force for force in system.getForces()}
    assert forces["GBSAOBCForce"].getNonbondedMethod() == openmm.GBSAOBCForce.NoCutoff
    assert system.getNumConstraints() == 12  # one for each hydrogen
    assert make_context(recipe, system, 1).getPlatform().getName() == "Reference"


@pytest.mark.slow
def test_a_walker_that_never_leaves_is_given_up(recipe, structure, tmp_path):
    """At phi < 0 this molecule stays for many nanoseconds; a wait of 100 times 0.01 ps must end."""
    start = {"kind": "torsions", "phi": -75, "psi": 65, "leaves_within_ps": 0.01}
    staying = recipe.model_copy(update={"starts": (parse_settings(TorsionStart, start, "start"),)})
    with pytest.raises(InputError, match=r"did not cross phi = 0 in 100 times leaves_within_ps \(0\.01 ps\)"):
        simulate_walker(staying, 0, structure, tmp_path / "walker-0.xtc")
