"""The peptide that simulations start from: atoms, bonds and stereochemistry."""

from collections import Counter

import mdtraj
import pytest

from cgbench.core.errors import InputError
from cgbench.core.settings import parse_settings
from cgbench.simulation.recipe import Recipe
from cgbench.simulation.stereochemistry import check_stereochemistry
from cgbench.simulation.structure import build_structure


def recipe(**changes):
    values = {
        "title": "test",
        "sequence": "A",
        "walkers": 1,
        "starts": [{"kind": "torsions", "phi": -75, "psi": 65}],
        "frames_per_walker": 1,
    }
    return parse_settings(Recipe, values | changes, "recipe")


@pytest.fixture(scope="module")
def alanine(tmp_path_factory):
    path = tmp_path_factory.mktemp("structure") / "start.pdb"
    build_structure(recipe(), path)
    return path


def test_alanine_dipeptide_is_complete(alanine):
    topology = mdtraj.load_topology(str(alanine))
    assert [str(residue) for residue in topology.residues] == ["ACE0", "ALA1", "NME2"]
    assert topology.n_atoms == 22
    assert topology.n_bonds == 21
    assert Counter(atom.element.symbol for atom in topology.atoms) == {"C": 6, "H": 12, "N": 2, "O": 2}


def test_same_recipe_gives_same_file(alanine, tmp_path):
    build_structure(recipe(), tmp_path / "again.pdb")
    assert (tmp_path / "again.pdb").read_bytes() == alanine.read_bytes()


def test_every_kind_of_residue_closes_its_bonds(tmp_path):
    build_structure(recipe(sequence="YYDPETGTWY"), tmp_path / "chignolin.pdb")
    topology = mdtraj.load_topology(str(tmp_path / "chignolin.pdb"))
    assert topology.n_atoms == 175
    assert topology.n_bonds == 174 + 3 + 1 + 2  # a tree, and the rings of Tyr, Pro and Trp


def test_mirror_image_is_refused(alanine):
    molecule = mdtraj.load(str(alanine))
    check_stereochemistry(molecule, "built")
    molecule.xyz[..., 0] *= -1
    with pytest.raises(InputError, match="mirror: residue ALA1 is a D-amino acid in frame 0"):
        check_stereochemistry(molecule, "mirror")


def test_cis_peptide_bond_is_refused(alanine):
    molecule = mdtraj.load(str(alanine))
    names = {(a.residue.name, a.name): a.index for a in molecule.topology.atoms}
    methyl, hydrogen = names["NME", "C"], names["NME", "H"]
    molecule.xyz[:, [methyl, hydrogen]] = molecule.xyz[:, [hydrogen, methyl]]
    with pytest.raises(InputError, match="peptide bond before residue NME2 is cis"):
        check_stereochemistry(molecule, "bent")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sequence": "AXA"}, r"key 'sequence' has value 'AXA'.*unknown amino acids \['X'\]"),
        ({"timestep_fs": 3.0}, "not a whole number of steps of 3.0 fs"),
        ({"starts": [{"kind": "frozen"}]}, "'torsions', 'folded', 'melted'"),
        ({"walker": 3}, "unknown key 'walker'"),
    ],
)
def test_invalid_recipes_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        recipe(**changes)


def test_starts_are_repeated_over_walkers():
    angles = [{"kind": "torsions", "phi": phi, "psi": 0} for phi in (-150, -75, 55)]
    several = recipe(walkers=5, starts=angles)
    assert [several.start(walker).phi for walker in range(5)] == [-150, -75, 55, -150, -75]


def test_adding_walkers_does_not_change_the_others():
    angles = [{"kind": "torsions", "phi": phi, "psi": 60} for phi in (-80, -140, 55)]
    before, after = recipe(walkers=5, starts=angles), recipe(walkers=9, starts=angles)
    for walker in range(5):
        assert before.of_walker(walker) == after.of_walker(walker)
        assert after.of_walker(walker).start(walker) == after.start(walker)
    assert recipe(seed=2).of_walker(0) != recipe(seed=1).of_walker(0)
