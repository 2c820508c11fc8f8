"""Atoms are found by residue and name, in the names of the PDB, IUPAC, AMBER and CHARMM."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from cgbench.chem.atom_matching import AtomLabel, match_atoms, read_labels
from cgbench.chem.atom_names import standard_atom, standard_residue
from cgbench.chem.molecule import Molecule
from cgbench.chem.topology_io import read_topology
from cgbench.core.errors import InputError
from prediction_helpers import pdb, renamed

RESOURCES = Path(__file__).parents[2] / "workflow/resources"
CHARMM = {
    "H": "HN",
    "HB2": "HB2",
    "HB3": "HB1",
    "GLY HA3": "HA1",
    "PRO HG3": "HG1",
    "PRO HD3": "HD1",
    "GLU HG3": "HG1",
    "ACE CH3": "CAY",
    "ACE C": "CY",
    "ACE O": "OY",
    "ACE H1": "HY1",
    "ACE H2": "HY2",
    "ACE H3": "HY3",
    "NME N": "NT",
    "NME H": "HNT",
    "NME C": "CAT",
    "NME H1": "HT1",
    "NME H2": "HT2",
    "NME H3": "HT3",
}
OLD_PDB = {"HB3": "1HB", "HB2": "2HB", "GLY HA3": "1HA", "GLY HA2": "2HA", "H": "HN", "ACE H1": "1HH3"}
AMBER = {"NME C": "CH3", **{f"{cap} H{k}": f"HH3{k}" for cap in ("ACE", "NME") for k in (1, 2, 3)}}


@pytest.fixture(scope="module")
def chignolin() -> Molecule:
    return read_topology(RESOURCES / "chignolin/topology.pdb")


def labels_of(topology) -> list[AtomLabel]:
    return [
        AtomLabel(atom.residue.chain.index, atom.residue.resSeq, atom.residue.name, atom.name)
        for atom in topology.atoms
    ]


def matched(labels: Sequence[AtomLabel], molecule: Molecule) -> np.ndarray:
    """Atom of the file for each atom of the molecule; all of them must be there."""
    found = match_atoms(labels, molecule, "their.pdb")
    assert not len(found.absent) and not found.extra
    return found.of_file


@pytest.mark.parametrize("names", [{}, CHARMM, OLD_PDB, AMBER], ids=["PDB", "CHARMM", "old PDB", "AMBER"])
def test_names_of_other_programs_are_known(names: dict[str, str], chignolin: Molecule) -> None:
    labels = labels_of(renamed(chignolin, names))
    np.testing.assert_array_equal(matched(labels, chignolin), np.arange(175))
    assert len({label.atom for label in labels} & set(names.values())) == len(set(names.values()))


def test_names_in_a_pdb_file_are_read_as_they_are(chignolin: Molecule, tmp_path: Path) -> None:
    path = pdb(tmp_path / "their.pdb", np.zeros((1, 175, 3)), renamed(chignolin, CHARMM))
    labels = read_labels(path)
    assert {"HN", "HB1", "CAY"} <= {label.atom for label in labels}
    found = match_atoms(labels, chignolin, path)
    np.testing.assert_array_equal(found.of_file, np.arange(175))
    pairs = {tuple(chignolin.label(atom) for atom in pair) for pair in found.old_numbers}
    assert ("TYR2 HB2", "TYR2 HB3") in pairs and ("GLY8 HA2", "GLY8 HA3") in pairs
    assert len(pairs) == 11


def test_hydrogens_with_today_s_numbers_need_no_decision(chignolin: Molecule) -> None:
    found = match_atoms(labels_of(renamed(chignolin, {})), chignolin, "their.pdb")
    assert found.old_numbers.shape == (0, 2)


def test_caps_of_charmm_are_a_part_of_the_next_residue(chignolin: Molecule) -> None:
    labels = [
        label._replace(residue={"ACE": "TYR", "NME": "TYR"}.get(label.residue, label.residue))
        for label in labels_of(renamed(chignolin, CHARMM))
    ]
    labels = [
        label._replace(number=min(max(label.number, 2), 11))  # the number of their neighbour
        for label in labels
    ]
    assert {label.number for label in labels} == set(range(2, 12))
    np.testing.assert_array_equal(matched(labels, chignolin), np.arange(175))


@pytest.mark.parametrize(
    ("name", "standard"),
    [
        *((name, "HIS") for name in ("HIS", "HID", "HIE", "HIP", "HSD", "HSE", "HSP", "HISE")),
        *(("ASH", "ASP"), ("GLH", "GLU"), ("LYN", "LYS"), ("CYX", "CYS"), ("NALA", "ALA"), ("CHIE", "HIS")),
        *(("NMA", "NME"), ("CT3", "NME"), ("LIG", "LIG")),
    ],
)
def test_residues_of_any_protonation_state_are_one(name: str, standard: str) -> None:
    assert standard_residue(name) == standard


@pytest.mark.parametrize(
    ("residue", "name", "standard"),
    [
        *(("ILE", "CD", "CD1"), ("ILE", "HD1", "HD11"), ("SER", "HG1", "HG"), ("CYS", "HG1", "HG")),
        *(("ALA", "HB1", "HB1"), ("LYS", "HE1", "HE3"), ("ALA", "OT1", "O"), ("LIG", "C7", "C7")),
    ],
)
def test_atoms_have_their_names_in_the_pdb(residue: str, name: str, standard: str) -> None:
    assert standard_atom(residue, name) == standard


def test_the_order_within_residues_and_an_offset_of_numbers_do_not_matter(
    chignolin: Molecule, rng: np.random.Generator
) -> None:
    labels = labels_of(renamed(chignolin, {}))
    order = np.lexsort((rng.permutation(175), chignolin.residue_index))
    shuffled = [labels[atom]._replace(number=labels[atom].number + 300) for atom in order]
    np.testing.assert_array_equal(order[matched(shuffled, chignolin)], np.arange(175))


def test_missing_caps_and_other_atoms_are_told(chignolin: Molecule) -> None:
    labels = [label for label in labels_of(renamed(chignolin, {})) if label.residue not in ("ACE", "NME")]
    found = match_atoms([*labels, AtomLabel(0, 11, "TYR", "OXT")], chignolin, "their.pdb")
    assert found.extra == ("TYR11 OXT",)
    assert {chignolin.residue_names[atom] for atom in found.absent} == {"ACE", "NME"}
    assert len(found.of_file) + len(found.absent) == 175


def test_a_residue_that_is_left_out_is_found_by_the_numbers(chignolin: Molecule) -> None:
    labels = [label for label in labels_of(renamed(chignolin, {})) if label.number != 5]
    found = match_atoms(labels, chignolin, "their.pdb")
    assert set(chignolin.residue_index[found.absent]) == {4}


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([AtomLabel(0, 1, "TYR", "CA")], "fit the molecule in 3 places; number them as in topology.pdb"),
        ([AtomLabel(0, 1, "LIG", "C1"), AtomLabel(0, 2, "TYR", "CA")], "the residues LIG1, TYR2 are not a"),
        (
            [AtomLabel(0, 1, "PRO", "CA"), AtomLabel(0, 1, "PRO", "HB1"), AtomLabel(0, 1, "PRO", "1HB")],
            "HB1 and 1HB of residue PRO1 are both HB3; give every atom once",
        ),
    ],
)
def test_what_cannot_be_matched_is_refused(
    labels: list[AtomLabel], message: str, chignolin: Molecule
) -> None:
    with pytest.raises(InputError, match=rf"their\.pdb: .*{message}"):
        match_atoms(labels, chignolin, "their.pdb")


def test_numbers_of_the_task_decide_between_equal_residues(chignolin: Molecule) -> None:
    found = match_atoms([AtomLabel(0, 3, "TYR", "CA")], chignolin, "their.pdb")
    assert [chignolin.label(atom) for atom in found.of_molecule] == ["TYR3 CA"]
