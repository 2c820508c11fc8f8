"""`cgbench check` finds wrong names, missing atoms, open ends and cysteines without a partner."""

from dataclasses import replace

import numpy as np
import pytest
from check_helpers import failures, places, structure
from peptide_helpers import atom

from cgbench.chem.molecule import Molecule
from cgbench.pipeline.checks.reference import Reference
from cgbench.pipeline.checks.run import run_checks


@pytest.fixture(scope="module")
def peptide(chignolin_frames):
    return chignolin_frames.molecule, chignolin_frames.positions[0]


def without(peptide, removed):
    """Molecule and positions without some atoms."""
    molecule, positions = peptide
    kept = np.setdiff1d(np.arange(molecule.n_atoms), removed)
    return positions[kept], molecule.subset(kept)


def renamed(molecule, old, residue=None, name=None):
    """Molecule in which an atom, or its residue, has another name."""
    index = atom(molecule, old)
    names, residues = list(molecule.atom_names), list(molecule.residue_names)
    names[index] = name or names[index]
    for other in np.flatnonzero(molecule.residue_index == molecule.residue_index[index]):
        residues[other] = residue or residues[other]
    return replace(molecule, atom_names=tuple(names), residue_names=tuple(residues))


def test_a_missing_atom(peptide) -> None:
    found = failures(*without(peptide, [atom(peptide[0], "THR7 HG1")]))
    assert found == {"missing_atoms": ["THR7 lacks HG1"]}


def test_no_hydrogen_is_missing_in_a_structure_without_any(peptide) -> None:
    molecule, _ = peptide
    assert failures(*without(peptide, np.flatnonzero(~molecule.heavy))) == {}
    hydrogens = np.flatnonzero(~molecule.heavy).tolist()
    found = failures(*without(peptide, [*hydrogens, atom(molecule, "PRO5 CG")]))
    assert found["missing_atoms"] == ["PRO5 lacks CG"]


def test_a_chain_without_its_cap(peptide) -> None:
    molecule, _ = peptide
    found = failures(*without(peptide, np.flatnonzero(molecule.residue_index == molecule.residue_index[-1])))
    assert found == {"termini": ["TYR11 ends a chain: C has 1 of 2 oxygens, no cap"]}
    found = failures(*without(peptide, np.flatnonzero(molecule.residue_index == 0)))
    assert found == {"termini": ["TYR2 ends a chain: N has 1 of 2 hydrogens, no cap"]}


def test_names_that_no_program_has(peptide) -> None:
    molecule, positions = peptide
    assert failures(positions, renamed(molecule, "THR7 HG1", name="XX1")) == {
        "names": ["THR7 XX1 is no standard name"],
        "missing_atoms": ["THR7 lacks HG1"],
    }
    strange = renamed(molecule, "GLY8 CA", residue="LIG")
    assert failures(positions, strange) == {"names": ["LIG8 is no standard residue"]}
    checked = structure(positions, strange)
    reference = Reference(checked.frames.sample.positions, checked.labels)
    assert failures(positions, strange, reference) == {}


def test_a_name_that_occurs_twice(peptide) -> None:
    molecule, positions = peptide
    found = failures(positions, renamed(molecule, "THR7 HG21", name="HG22"))
    assert found["names"] == ["THR7 HG22 occurs 2 times"] * 2


def test_names_of_other_programs_pass(peptide) -> None:
    molecule, positions = peptide
    for old, new in (("ACE1 H1", "HH31"), ("TYR2 HB3", "HB1"), ("TYR2 H", "HN")):
        assert failures(positions, renamed(molecule, old, name=new)) == {}


def cysteines(distance, bridged, hydrogens):
    """Two cysteines, reduced to CB, HB2, SG and perhaps HG, with their sulphurs so far apart."""
    names = ["CB", "HB2", "SG", *(["HG"] if hydrogens else [])]
    n = len(names)
    first = np.array([[-1.8, 0, 0], [-2.2, 1.0, 0], [0, 0, 0], [0.2, 1.3, 0]])[:n]
    positions = np.concatenate([first, first * [-1, 1, 1] + [distance, 0, 0]])
    bonds = [(0, 1), (0, 2), *([(2, 3)] if hydrogens else [])]
    bonds = [*bonds, *((i + n, j + n) for i, j in bonds), *([(2, n + 2)] if bridged else [])]
    molecule = Molecule(
        elements=tuple({"CB": "C", "SG": "S"}.get(name, "H") for name in names) * 2,
        atom_names=tuple(names) * 2,
        residue_names=("CYS",) * (2 * n),
        residue_index=np.repeat([0, 1], n),
        masses=np.ones(2 * n),
        bonds=np.array(sorted(bonds)),
    )
    return places(run_checks(structure(positions, molecule))).get("disulfides", [])


def test_disulfides() -> None:
    assert cysteines(2.04, bridged=True, hydrogens=False) == []
    assert cysteines(5.0, bridged=False, hydrogens=True) == []
    assert cysteines(2.8, bridged=True, hydrogens=False) == ["CYS1 SG–CYS2 SG"]
    assert cysteines(5.0, bridged=False, hydrogens=False) == [
        f"CYS{number} SG has neither HG nor a bridge" for number in (1, 2)
    ]
    assert cysteines(2.04, bridged=True, hydrogens=True) == [
        f"CYS{number} SG has 1 bridges and 1 hydrogens" for number in (1, 2)
    ]
