"""Backbone and side chains are the parts of residues that every program for proteins places."""

from dataclasses import replace

import numpy as np
import pytest

from cgbench.chem.atom_sets import ATOM_SETS, atoms_of_set, unplaced_atoms
from cgbench.chem.equivalent_atoms import among_atoms
from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule


def names(molecule: Molecule, atoms: np.ndarray) -> list[str]:
    return [molecule.label(atom) for atom in atoms.tolist()]


def test_sets_of_a_capped_alanine(alanine: Molecule) -> None:
    found = {atoms: names(alanine, atoms_of_set(alanine, atoms)) for atoms in ATOM_SETS}
    assert found["backbone"] == ["ALA2 N", "ALA2 CA", "ALA2 C", "ALA2 O"]
    assert found["sidechain"] == ["ALA2 CB"]
    assert (len(found["all"]), len(found["heavy"])) == (22, 10)
    assert {name[:3] for name in names(alanine, unplaced_atoms(alanine))} == {"ACE", "NME"}


def test_sets_of_chignolin_are_its_heavy_atoms_without_caps(chignolin_frames: Frames) -> None:
    """YYDPETGTWY, in which proline has CD in its side chain and glycine has none."""
    molecule = chignolin_frames.molecule
    backbone, side = (atoms_of_set(molecule, atoms) for atoms in ("backbone", "sidechain"))
    assert len(backbone) == 4 * 10
    assert "PRO5 CD" in names(molecule, side)
    assert not any(name.startswith("GLY") for name in names(molecule, side))
    capped = [name in ("ACE", "NME") for name in molecule.residue_names]
    heavy = np.flatnonzero(molecule.heavy & ~np.array(capped))
    np.testing.assert_array_equal(np.union1d(backbone, side), heavy)
    assert not len(np.intersect1d(backbone, side))


def test_the_second_oxygen_of_a_charged_end_is_in_neither(chignolin_frames: Frames) -> None:
    """The oxygen is where the N of NME was."""
    molecule = chignolin_frames.molecule
    cap = np.flatnonzero(np.array(molecule.residue_names) == "NME")
    ended = molecule.subset(np.setdiff1d(np.arange(molecule.n_atoms), cap[1:]))
    last = ended.n_atoms - 1
    residue = ended.residue_index.copy()
    residue[last] = 10
    ended = replace(
        ended,
        elements=(*ended.elements[:-1], "O"),
        atom_names=(*ended.atom_names[:-1], "OXT"),
        residue_names=(*ended.residue_names[:-1], "TYR"),
        residue_index=residue,
    )
    assert names(ended, np.array([last])) == ["TYR11 OXT"]
    for atoms in ("backbone", "sidechain"):
        assert last not in atoms_of_set(ended, atoms)
    assert last in unplaced_atoms(ended)


def test_a_molecule_without_backbone_has_no_parts(alanine: Molecule) -> None:
    cap = alanine.subset(np.flatnonzero(np.array(alanine.residue_names) == "ACE"))
    assert [len(atoms_of_set(cap, atoms)) for atoms in ATOM_SETS] == [6, 3, 0, 0]
    assert not len(unplaced_atoms(cap)), "all of its heavy atoms are needed"


@pytest.mark.parametrize(("atoms", "expected"), [([1, 2, 5], [[0, 1], [1, 0]]), ([1, 5], None)])
def test_exchanges_with_other_atoms_are_left_out(atoms: list[int], expected: list[list[int]] | None) -> None:
    found = among_atoms([np.array([[1, 2], [2, 1]])], np.array(atoms))
    assert [group.tolist() for group in found] == ([expected] if expected else [])
