import numpy as np
import pytest

from cgbench.chem.bond_rule import COVALENT_RADII, VAN_DER_WAALS_RADII
from cgbench.chem.molecule import Molecule
from cgbench.core.errors import InputError

WATER = Molecule(
    elements=("O", "H", "H"),
    atom_names=("O", "H1", "H2"),
    residue_names=("HOH",) * 3,
    residue_index=np.zeros(3, dtype=np.int64),
    masses=np.array([16.0, 1.0, 1.0]),
    bonds=np.array([[0, 1], [0, 2]]),
)


def test_water():
    assert WATER.n_atoms == 3
    assert WATER.heavy.tolist() == [True, False, False]
    assert WATER.element_index.tolist() == [1, 0, 0]
    assert WATER.angle_ends.tolist() == [[1, 2]]
    assert WATER.covalent_radii.tolist() == [0.68, 0.23, 0.23]


def test_ends_of_an_angle_that_are_bonded_are_no_angle_ends():
    ring = Molecule(
        ("C",) * 3, ("C",) * 3, ("LIG",) * 3, np.zeros(3), np.ones(3), np.array([[0, 1], [0, 2], [1, 2]])
    )
    assert ring.angle_ends.shape == (0, 2)


def test_alanine_dipeptide(alanine):
    assert (alanine.n_atoms, alanine.heavy.sum(), len(alanine.bonds)) == (22, 10, 21)
    assert len(alanine.angle_ends) == 36
    assert alanine.masses.sum() == pytest.approx(144.17, abs=0.02)


def test_elements_without_radii_are_refused_with_their_atoms():
    names, residues = ("NA+", "FE", "NA"), ("NA+", "HEM", "HEM")
    numbers, no_bonds = np.array([0, 1, 1]), np.empty((0, 2), dtype=np.int64)
    molecule = Molecule(("Na", "Fe", "N"), names, residues, numbers, np.ones(3), no_bonds)
    with pytest.raises(InputError) as error:
        molecule.require_radii()
    assert (
        "no radii for element(s) Fe, Na (NA+1 NA+, HEM2 FE); set `selection` of the dataset so that it "
        "excludes such atoms, for example `not (resname HEM and name FE or resname 'NA+' and name 'NA+')`"
    ) in str(error.value)


def test_every_element_of_the_bond_rule_has_both_radii():
    assert COVALENT_RADII.keys() == VAN_DER_WAALS_RADII.keys()
    for element, radius in COVALENT_RADII.items():
        assert radius < VAN_DER_WAALS_RADII[element]
