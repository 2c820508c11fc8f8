"""Templates of residues and parameters of the force field, against values of the AMBER force field."""

import numpy as np
import pytest

from cgbench.chem.residue_templates import angle_parameters, bond_parameters, match_template
from cgbench.pipeline.checks.structure import Structure

HIS = {"N", "H", "CA", "HA", "CB", "HB2", "HB3", "CG", "ND1", "CD2", "HD2", "CE1", "HE1", "NE2", "C", "O"}
CYS = {"N", "CA", "CB", "SG", "C", "O"}


@pytest.mark.parametrize(("hydrogens", "name"), [({"HD1"}, "HID"), ({"HE2"}, "HIE"), ({"HD1", "HE2"}, "HIP")])
def test_protonation_states_are_told_by_hydrogens(hydrogens, name) -> None:
    match = match_template("HIS", HIS | hydrogens, {"N", "C"}, has_hydrogens=True)
    assert match is not None
    assert (match.template.name, match.missing, match.extra) == (name, (), ())


def test_ends_of_chains() -> None:
    alanine = {"N", "H", "H2", "H3", "CA", "HA", "CB", "HB1", "HB2", "HB3", "C", "O"}
    first = match_template("ALA", alanine, {"C"}, has_hydrogens=True)
    last = match_template("ALA", alanine - {"H2", "H3"} | {"OXT"}, {"N"}, has_hydrogens=True)
    assert first and last
    assert (first.template.name, last.template.name) == ("NALA", "CALA")
    assert not (first.missing or first.extra or last.missing or last.extra)


def test_bridges_are_told_by_bonds_where_there_are_no_hydrogens() -> None:
    free = match_template("CYS", CYS, {"N", "C"}, has_hydrogens=False)
    bridged = match_template("CYS", CYS, {"N", "C", "SG"}, has_hydrogens=False)
    assert free and bridged
    assert (free.template.name, bridged.template.name) == ("CYS", "CYX")


def test_atoms_that_differ() -> None:
    match = match_template("HSE", HIS - {"CB"} | {"HE2", "XX"}, {"N", "C"}, has_hydrogens=True)
    assert match is not None
    assert (match.missing, match.extra) == (("CB",), ("XX",))
    assert match_template("LIG", HIS, set(), has_hydrogens=True) is None


def test_parameters_of_alanine_dipeptide(alanine, alanine_directory) -> None:
    from cgbench.pipeline.checks.structure import open_structure

    structure: Structure = open_structure(alanine_directory / "topology.pdb")
    assert all(structure.types)
    names = [{alanine.atom_names[atom] for atom in bond} for bond in alanine.bonds]
    bonds = bond_parameters(alanine, structure.types)
    row = names.index({"CA", "CB"})
    # 310 kcal/mol/Å² (E = k x²), 1.526 Å; kT = 0.5962 kcal/mol at 300 K.
    assert bonds.mean[row] == pytest.approx(1.526)
    assert bonds.spread[row] == pytest.approx(np.sqrt(0.5962 / (2 * 310)), rel=1e-3)
    angles = angle_parameters(alanine, structure.types)
    row = [[alanine.atom_names[atom] for atom in angle] for angle in alanine.angles].index(["N", "CA", "C"])
    # 63 kcal/mol/rad², 110.1°.
    assert angles.mean[row] == pytest.approx(110.1)
    assert angles.spread[row] == pytest.approx(np.degrees(np.sqrt(0.5962 / (2 * 63))), rel=1e-3)
    assert not np.isnan(bonds.mean).any() and not np.isnan(angles.mean).any()


def test_unknown_types_have_no_parameters(alanine) -> None:
    assert np.isnan(bond_parameters(alanine, [""] * alanine.n_atoms).mean).all()
