"""Starts that are pulled together or melted, and how a card tells the two apart."""

import mdtraj
import numpy as np
import pytest
from openmm.app import PDBFile

from cgbench.core.errors import InputError
from cgbench.core.settings import parse_settings
from cgbench.simulation import Recipe, build_structure
from cgbench.simulation.folding import contact_atoms, folded, melted
from cgbench.simulation.shape import load_reference, shape

ENDS = ["0:O", "3:N"]  # the hydrogen bond of a turn, open in the extended chain


def make_recipe(**start):
    values = {
        "title": "test",
        "sequence": "AAA",
        "walkers": 1,
        "starts": [start],
        "frames_per_walker": 1,
        "hydrogen_mass_amu": 3.0,
        "timestep_fs": 4.0,
    }
    return parse_settings(Recipe, values, "recipe")


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    path = tmp_path_factory.mktemp("chain") / "start.pdb"
    build_structure(make_recipe(kind="melted"), path)
    return path


def distance(chain, positions):
    [[first, second]] = contact_atoms(mdtraj.load_topology(str(chain)), (tuple(ENDS),))
    return np.linalg.norm(positions[first] - positions[second])


def test_folding_brings_the_contact_together(chain):
    recipe = make_recipe(kind="folded", contacts=[ENDS], anneal_ps=4, release_ps=0.004)
    pdb = PDBFile(str(chain))
    assert distance(chain, mdtraj.load(str(chain)).xyz[0]) > 0.5
    assert distance(chain, folded(recipe, recipe.start(0), pdb, 1, 1, "walker 0")) < 0.4


@pytest.mark.slow
def test_folding_that_fails_says_what_is_open(chain):
    recipe = make_recipe(kind="folded", contacts=[["1:CB", "3:CB"]], anneal_ps=0.2, release_ps=0.004)
    with pytest.raises(InputError, match=r"walker 0: after 8 attempts the contacts .*1:CB.*raise anneal_ps"):
        folded(recipe, recipe.start(0), PDBFile(str(chain)), 1, 1, "walker 0")


@pytest.mark.slow
def test_melting_follows_its_seed(chain):
    recipe = make_recipe(kind="melted", melt_ps=0.4)
    pdb = PDBFile(str(chain))
    first, again, other = (melted(recipe, recipe.start(0), pdb, seed, 1, "walker 0") for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_shape_of_a_structure_against_itself(chain):
    trajectory = mdtraj.load(str(chain))
    native = make_recipe(kind="folded", contacts=[["1:N", "1:CA"], ENDS], kept=1).start(0)
    facts = shape(trajectory, native, load_reference(chain, 3))
    assert facts["state"] == "folded"
    assert shape(trajectory, native.model_copy(update={"kept": 2}), None)["state"] == "unfolded"
    assert facts["contact_occupancy"] == {"1:N 1:CA": 1.0, "0:O 3:N": 0.0}
    assert facts["calpha_rmsd_A"] == {"mean": 0.0, "first": 0.0, "last": 0.0}
    assert facts["radius_of_gyration_A"] == pytest.approx(10 * mdtraj.compute_rg(trajectory)[0], abs=0.01)


def test_reference_of_another_length_is_refused(chain):
    with pytest.raises(InputError, match="3 C-alpha atoms, the sequence has 10"):
        load_reference(chain, 10)
