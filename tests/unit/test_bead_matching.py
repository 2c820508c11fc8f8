"""Beads of a file and those of a model."""

import numpy as np
import pytest

from cgbench.chem.atom_matching import AtomLabel
from cgbench.chem.molecule import Molecule
from cgbench.core.errors import InputError
from cgbench.mapping._bead_molecule import bead_molecule
from cgbench.mapping.base import Mapping
from cgbench.pipeline.bead_matching import match_beads

NAMES = [("ALA", "BB"), ("ALA", "SC1"), ("GLY", "BB"), ("SER", "BB"), ("SER", "SC1")]
NUMBERS = [1, 1, 2, 3, 3]


@pytest.fixture
def model() -> Molecule:
    residues, names = zip(*NAMES, strict=True)
    index, bonds = np.array(NUMBERS) - 1, np.empty((0, 2), dtype=np.int64)
    return Molecule(("VS",) * 5, names, residues, index, np.ones(5), bonds)


def labels(order: list[int], chain: int = 0) -> list[AtomLabel]:
    return [AtomLabel(chain, NUMBERS[bead] + 10, *NAMES[bead]) for bead in order]


def test_by_residue_and_name_in_any_order(model: Molecule) -> None:
    index, how = match_beads(labels([4, 3, 0, 2, 1]), 5, model)
    assert index.tolist() == [2, 4, 3, 1, 0]
    assert how == "beads are matched by chain, residue and name"


def test_water_is_left_out(model: Molecule) -> None:
    index, how = match_beads([AtomLabel(0, 1, "W", "W"), *labels([0, 1, 2, 3, 4])], 6, model)
    assert index.tolist() == [1, 2, 3, 4, 5]
    assert how.endswith("; 1 bead of other residues left out")


def test_other_names_of_beads_are_matched_by_order_in_the_residue(model: Molecule) -> None:
    renamed = [
        label._replace(atom="CB") if label.atom == "SC1" else label for label in labels([0, 1, 2, 4, 3])
    ]
    index, how = match_beads(renamed, 5, model)
    assert index.tolist() == [0, 1, 2, 3, 4]
    assert "4 of 5 have other names" in how


def test_states_of_protonation_do_not_matter() -> None:
    model = Molecule(("VS",), ("CA",), ("HIS",), np.array([0]), np.ones(1), np.empty((0, 2), dtype=np.int64))
    _, how = match_beads([AtomLabel(0, 5, "HSE", "CA")], 1, model)
    assert how == "beads are matched by chain, residue and name"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "because the file has no names"),
        ([AtomLabel(0, 1, "UNK", "B")] * 5, "names of residues are not"),
    ],
)
def test_by_order_without_names(given: list[AtomLabel] | None, said: str, model: Molecule) -> None:
    index, how = match_beads(given, 5, model)
    assert index.tolist() == [0, 1, 2, 3, 4] and said in how


def test_chains_are_kept_apart(model: Molecule) -> None:
    """Two chains with the same numbers of residues are two residues each."""
    two = [AtomLabel(1, 1, "GLY", "BB"), AtomLabel(0, 1, "ALA", "BB")]
    pair = model.subset(np.array([0, 2]))
    assert match_beads(two, 2, pair)[0].tolist() == [1, 0]


def test_a_residue_with_other_beads_is_named(model: Molecule) -> None:
    with pytest.raises(InputError, match="residue 1, ALA, has the beads BB, but the model has BB, SC1"):
        match_beads(labels([0, 2, 3, 4]), 4, model)


def test_residues_of_another_molecule_are_listed(model: Molecule) -> None:
    with pytest.raises(InputError, match=r"on 5 beads, .* have 2; .* ALA GLY SER, those of the file GLY"):
        match_beads([AtomLabel(0, 1, "GLY", "BB"), AtomLabel(0, 2, "GLY", "BB")], 2, model)


def test_beads_of_a_mapping_have_residues_and_bonds(alanine: Molecule) -> None:
    mapping = Mapping.centres(alanine.residue_index)
    beads = bead_molecule(mapping, alanine)
    assert beads.residue_names == ("ACE", "ALA", "NME") and beads.atom_names == ("B1", "B2", "B3")
    assert beads.bonds.tolist() == [[0, 1], [1, 2]]
