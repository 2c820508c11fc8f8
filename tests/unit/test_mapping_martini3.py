"""Beads of Martini 3, compared with those that martinize2 wrote for the structures that vermouth ships."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import vermouth

from cgbench.chem.bond_completion import add_missing_bonds
from cgbench.chem.molecule import Molecule
from cgbench.chem.topology_io import read_topology
from cgbench.chem.trajectory_io import load_trajectory
from cgbench.core.errors import InputError
from cgbench.mapping.base import Mapping
from cgbench.mapping.martini3 import Generator, Martini3Settings

STRUCTURES = Path(vermouth.__file__).parent / "tests/data/integration_tests"
CHIGNOLIN = Path(__file__).parents[2] / "workflow/resources/chignolin/topology.pdb"
# Half of the last digit of the files.
ROUNDING = 0.0005


def generate(molecule: Molecule, n_beads: int, force_field: str = "charmm") -> Mapping:
    settings = Martini3Settings.model_validate({"force_field": force_field})
    return Generator(settings).generate(molecule, n_beads, 0)


def pdb_beads(path: Path) -> tuple[list[str], np.ndarray]:
    """Names and positions, Å, without the virtual sites at Cα that Gō models have."""
    lines = [line for line in path.read_text().splitlines() if line.startswith("ATOM")]
    lines = [line for line in lines if line[12:16].strip() != "CA"]
    positions = [[float(line[start : start + 8]) for start in (30, 38, 46)] for line in lines]
    return [line[12:16].strip() for line in lines], np.array(positions)


@pytest.mark.parametrize(
    ("name", "file", "force_field"),
    [
        ("tier-0/dipro-termini", "aa.pdb", "charmm"),  # neutral termini
        (
            "tier-1/3i40",
            "3i40.pdb",
            "charmm",
        ),  # two chains and three disulphides, without hydrogens
        pytest.param("tier-1/hst5", "aa.pdb", "charmm", marks=pytest.mark.slow),
        pytest.param("tier-1/1UBQ", "aa.pdb", "charmm", marks=pytest.mark.slow),
        # LSN, ASPP, GLUP and HSP
        pytest.param("tier-1/lysozyme_prot", "aa.pdb", "charmm", marks=pytest.mark.slow),
        pytest.param("tier-1/lysozyme_GO", "aa.pdb", "charmm", marks=pytest.mark.slow),
        pytest.param("tier-1/6LFO_gap", "6LFO_gap.pdb", "charmm", marks=pytest.mark.slow),
        pytest.param("tier-1/1mj5-charmm", "aa.pdb", "charmm", marks=pytest.mark.slow),
        # HID, HIE and HIP, which are HIS after reading
        pytest.param("tier-1/1mj5", "aa.pdb", "amber", marks=pytest.mark.slow),
    ],
)
def test_beads_are_those_of_martinize2(name: str, file: str, force_field: str) -> None:
    path = STRUCTURES / name / file
    frames = load_trajectory(path, path, "not water")
    molecule, _ = add_missing_bonds(read_topology(path, "not water"), frames.positions, frames.cell)
    names, positions = pdb_beads(STRUCTURES / name / "martinize2/cg.pdb")
    mapping = generate(molecule, len(names), force_field)
    assert mapping.bead_names == tuple(names)
    beads = mapping.beads(frames.positions[0].astype(np.float64))
    # Atoms are read in single precision.
    np.testing.assert_allclose(beads, positions, atol=ROUNDING + 2e-5, rtol=0)


def test_atoms_of_caps_have_no_weight(alanine: Molecule) -> None:
    mapping = generate(alanine, 2)
    assert mapping.bead_names == ("BB", "SC1")
    weights = {alanine.label(atom): weight * 55 for atom, weight in enumerate(mapping.matrix[0]) if weight}
    assert weights == pytest.approx({"ALA2 N": 14, "ALA2 H": 1, "ALA2 CA": 12, "ALA2 C": 12, "ALA2 O": 16})
    assert [alanine.atom_names[atom] for atom in np.flatnonzero(mapping.matrix[1])] == ["CB"]
    assert (mapping.bead_index[alanine.residue_index != 1] == 0).all()


def test_beads_have_the_order_of_martinize2() -> None:
    """The ring of tyrosine ends with SC4, though its atoms come before those of SC3."""
    names = generate(read_topology(CHIGNOLIN), 32).bead_names
    assert names[:5] == ("BB", "SC1", "SC2", "SC3", "SC4")
    assert names.count("BB") == 10


def test_atoms_of_the_ring_of_phenylalanine_are_shared() -> None:
    molecule = read_topology(STRUCTURES / "tier-1/3i40/3i40.pdb", "chainid 1 and resSeq 1")
    mapping = generate(molecule, 4)
    expected = {
        "SC1": {"CB": 12, "CG": 12, "CD1": 4, "CD2": 4},
        "SC2": {"CD1": 8, "CE1": 12, "CZ": 6},
        "SC3": {"CD2": 8, "CE2": 12, "CZ": 6},
    }
    for bead, masses in expected.items():
        row = mapping.matrix[mapping.bead_names.index(bead)]
        found = {molecule.atom_names[atom]: row[atom] * sum(masses.values()) for atom in np.flatnonzero(row)}
        assert found == pytest.approx(masses)
    homes = {
        name: mapping.bead_names[mapping.bead_index[molecule.atom_names.index(name)]]
        for name in ("CD1", "CD2")
    }
    assert homes == {"CD1": "SC2", "CD2": "SC3"}


def test_a_residue_without_mapping_is_named(alanine: Molecule) -> None:
    unknown = tuple("XYZ" if name == "ALA" else name for name in alanine.residue_names)
    with pytest.raises(
        InputError,
        match=r"^martini3: vermouth has no Martini 3 beads for XYZ2 N, XYZ2 H",
    ):
        generate(replace(alanine, residue_names=unknown), 2)


def test_an_atom_without_bead_is_named(alanine: Molecule) -> None:
    elements = list(alanine.elements)
    elements[alanine.atom_names.index("HB1")] = "F"
    with pytest.raises(InputError, match=r"no Martini 3 beads for ALA2 HB1 \("):
        generate(replace(alanine, elements=tuple(elements)), 2)


def test_a_bead_without_atoms_is_named(alanine: Molecule) -> None:
    without = [atom for atom, name in enumerate(alanine.atom_names) if "B" not in name]
    with pytest.raises(InputError, match=r"residue ALA2 lacks all atoms of bead SC1; complete"):
        generate(alanine.subset(np.array(without)), 2)


@pytest.mark.parametrize("force_field", ["charmm", "amber"])
def test_names_of_protonation_states(force_field: str) -> None:
    """Without its hydrogen, neutral aspartic acid has the beads of the charged one."""
    molecule = read_topology(CHIGNOLIN)
    renamed = tuple("ASH" if name == "ASP" else name for name in molecule.residue_names)
    neutral = generate(replace(molecule, residue_names=renamed), 32, force_field)
    np.testing.assert_allclose(neutral.matrix, generate(molecule, 32, force_field).matrix)


def test_only_the_log_of_vermouth_is_silent(alanine: Molecule, caplog: pytest.LogCaptureFixture) -> None:
    generate(alanine, 2)
    assert not caplog.records
    assert logging.getLogger("vermouth").isEnabledFor(logging.ERROR)
