"""MD frames pass; frames in wrong units, of wrong atoms or without positions are refused with their cause."""

import re
from dataclasses import replace

import numpy as np
import pytest

from cgbench.chem.bond_rule import COVALENT_RADII
from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.core.errors import InputError
from cgbench.data.bond_check import USUAL, check_bonds
from cgbench.data.sources.bundled import BundledSettings, Source

FILES = [f"run-{number}.xtc" for number in range(96)]


@pytest.fixture(scope="module")
def chignolin(alanine_directory):
    """Few frames of every walker of chignolin."""
    directory = alanine_directory.parent / "chignolin"
    return Source(BundledSettings(directory=str(directory), stride=80)).read()[0]


def moved(frames, change, rows=slice(None)):
    """Frames of which ``change`` was applied to the positions [n, n_atoms, 3] of some rows."""
    positions = frames.positions.copy()
    positions[rows] = change(positions[rows])
    return replace(frames, positions=positions)


def reordered(frames, residue, *names, rows=slice(None)):
    """Frames in which the named atoms of a residue change places, each to that of the next."""
    molecule = frames.molecule
    atoms = [
        atom
        for name in names
        for atom in np.flatnonzero(molecule.residue_index == residue)
        if molecule.atom_names[atom] == name
    ]

    def change(positions):
        positions = positions.copy()
        positions[:, atoms] = positions[:, np.roll(atoms, 1)]
        return positions

    return moved(frames, change, rows)


def refusal(frames):
    with pytest.raises(InputError) as error:
        check_bonds(frames, FILES)
    return str(error.value)


def first_cause(message):
    """The likely cause that is named first."""
    return message.split("Likely cause", 1)[1].split(" 1. ", 1)[1].split(" 2. ")[0]


# Typical lengths of bonds, Å.
LENGTHS = {
    "CH": 1.09, "NH": 1.01, "OH": 0.96, "SH": 1.34, "SiH": 1.48, "PH": 1.42, "CC": 1.53, "C#C": 1.18,
    "CN": 1.47, "C#N": 1.14, "CO": 1.43, "C=O": 1.20, "CF": 1.35, "CS": 1.82, "C=S": 1.67, "CCl": 1.74,
    "CBr": 1.97, "CI": 2.16, "CSe": 1.97, "CP": 1.86, "CSi": 1.86, "NN": 1.42, "N#N": 1.10, "NO": 1.40,
    "N=O": 1.21, "OO": 1.48, "SO": 1.58, "S=O": 1.42, "SS": 2.05, "SN": 1.63, "SeSe": 2.34, "PO": 1.60,
    "P=O": 1.48, "PN": 1.63, "P=S": 1.94, "PP": 2.21, "PCl": 2.01, "PF": 1.58, "SiO": 1.63, "SiN": 1.75,
    "SiF": 1.59, "SiCl": 2.07, "SiSi": 2.36, "SF": 1.56, "SCl": 2.07, "ClCl": 1.99, "BrBr": 2.28,
    "II": 2.66, "FF": 1.41, "ClO": 1.41, "BrO": 1.58, "IO": 1.81,
}  # fmt: skip


@pytest.mark.parametrize("bond", LENGTHS)
def test_bonds_of_all_elements_are_usual(bond):
    radii = sum(COVALENT_RADII[element] for element in re.findall("[A-Z][a-z]?", bond))
    assert USUAL[0] * 1.1 < LENGTHS[bond] / radii < USUAL[1] / 1.08


def test_md_frames_pass_without_a_word(alanine_frames, chignolin):
    for frames in (alanine_frames, chignolin):
        card, warned = check_bonds(frames, FILES)
        assert warned == []
        assert card == {"frames_outside_rule": 0, "bonds_outside_rule": [], "contacts": []}


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda x: 0.1 * x, "has nm where its format has Å"),
        (lambda x: 10.0 * x, "has Å where its format has nm"),
        (lambda x: x / 0.529, "has bohr where its format has Å"),
        (lambda x: 0.529 * x, "as if they were bohr"),
        (lambda x: x / 32 + 0.5, "scaled by the box"),
        (lambda x: 4.0 * x, "all bonds are about 4"),
        (lambda x: 0.0 * x + 3.0, "no positions in these frames"),
        (lambda x: 1e30 * x, "no positions in these frames"),
        (lambda x: x[:, ::-1], "another molecule or to another selection"),
    ],
)
def test_the_cause_fits_what_was_done_to_all_frames(alanine_frames, chignolin, change, cause):
    for frames in (alanine_frames, chignolin):
        message = refusal(moved(frames, change))
        assert f"{len(frames)} of {len(frames)} frames (100 %)" in message
        assert "run-0.xtc, frame 0 of those read" in message
        assert cause in first_cause(message)


def test_frames_without_positions_are_located(alanine_frames):
    begin = int(np.argmax(alanine_frames.trajectory == 2))
    message = refusal(moved(alanine_frames, np.zeros_like, slice(begin + 7, begin + 9)))
    assert message.startswith("2 of 240 frames (0.833 %) have a bond outside 0.5 to 1.6 (r_i + r_j)")
    assert f"First: run-2.xtc, frame 7 of those read ({alanine_frames.time[begin + 7]:g} ps), " in message
    assert " 0.000 Å (usual: " in message
    assert "no positions in these frames" in first_cause(message)


@pytest.mark.parametrize(
    ("residue", "atoms"),
    [(2, ("CG", "CD1")), (2, ("CD1", "CE2")), (9, ("CE2", "CZ2", "CH2")), (5, ("CB", "CG")), (5, ("C", "O"))],
)
def test_atoms_of_a_residue_in_another_order_are_refused_with_the_residue(chignolin, residue, atoms):
    """Also if only one of the trajectories has the other order."""
    name = chignolin.molecule.residue_names[int(np.argmax(chignolin.molecule.residue_index == residue))]
    one = chignolin.trajectory == 3
    for rows, first in ((slice(None), "run-0.xtc, frame 0"), (one, "run-3.xtc, frame 0")):
        message = refusal(reordered(chignolin, residue, *atoms, rows=rows))
        cause = first_cause(message)
        assert f"the atoms of {name}{residue + 1} are in another order in the topology" in cause, message
        assert "periodic" not in message
        assert first in message


def stretched(frames, ratio, rows=slice(None)):
    """Frames with one C–H bond at a multiple of r_i + r_j."""
    i, j = next(
        pair for pair in frames.molecule.bonds if {frames.molecule.elements[a] for a in pair} == {"C", "H"}
    )
    i, j = (i, j) if frames.molecule.elements[j] == "H" else (j, i)

    def change(positions):
        positions = positions.copy()
        bond = positions[:, j] - positions[:, i]
        bond *= ratio * 0.91 / np.linalg.norm(bond, axis=1, keepdims=True)
        positions[:, j] = positions[:, i] + bond
        return positions

    return moved(frames, change, rows)


def test_a_bond_that_is_stretched_now_and_then_is_said_and_passes(alanine_frames):
    card, (warned,) = check_bonds(stretched(alanine_frames, 1.35, [30, 40, 50]), FILES)
    assert card["frames_outside_rule"] == 3
    assert card["bonds_outside_rule"] == ["C–H: 0.12 % of frames, mean over 10 bonds"]
    assert warned.startswith("3 of 240 frames (1.25 %) have a bond outside 0.7 to 1.3 (r_i + r_j)")
    assert "run-0.xtc, frame 30 of those read" in warned
    assert "1.229 Å (usual: 0.64 to 1.18 Å)" in warned


def test_a_bond_that_is_stretched_most_of_the_time_is_refused(alanine_frames):
    one = alanine_frames.trajectory == 1
    assert "240 of 240 frames (100 %) have" in refusal(stretched(alanine_frames, 1.35))
    assert "40 of 240 frames (16.7 %) have" in refusal(stretched(alanine_frames, 1.35, one))
    assert "outside 0.5 to 1.6" in refusal(stretched(alanine_frames, 1.7, [5]))
    assert "outside 0.5 to 1.6" in refusal(stretched(alanine_frames, 0.45, [5]))
    assert "in most frames of its trajectory" in refusal(stretched(alanine_frames, 0.65))


def test_an_unstable_frame_is_called_so(alanine_frames):
    assert "became unstable" in first_cause(refusal(stretched(alanine_frames, 1.8, [5])))


@pytest.mark.parametrize("share", [0.05, 1.0])
def test_a_molecule_broken_by_a_box_is_recognised_by_the_edge(chignolin, share):
    """With the boundary through another bond in every frame."""
    edge = np.array([31.0, 0.0, 0.0], dtype=np.float32)
    chosen = np.linspace(0, len(chignolin) - 1, int(share * len(chignolin))).astype(int)

    def change(positions):
        middle = np.median(positions[..., 0], axis=1)[:, None]
        return np.where((positions[..., 0] > middle)[..., None], positions - edge, positions)

    message = refusal(moved(chignolin, change, chosen))
    assert "broken across a periodic boundary" in first_cause(message)
    edge = re.search(r"The atoms are about (\d+) Å apart along one axis", message)
    assert 29 <= int(edge[1]) <= 32


def test_a_bond_across_a_missing_residue_is_called_so(chignolin):
    molecule = chignolin.molecule
    atoms = np.flatnonzero(~np.isin(molecule.residue_index, (5, 6)))
    gap = molecule.subset(atoms)
    ends = [
        int(np.flatnonzero((gap.residue_index == residue) & (np.array(gap.atom_names) == name))[0])
        for residue, name in ((4, "C"), (7, "N"))
    ]
    gap = replace(gap, bonds=np.concatenate([gap.bonds, [ends]]))
    frames = replace(chignolin, positions=chignolin.positions[:, atoms], molecule=gap)
    message = refusal(frames)
    assert "TER" in first_cause(message)
    assert "C–" in message and " N (atoms" in message


def test_bonds_between_hydrogens_are_called_so(alanine_frames):
    molecule = alanine_frames.molecule
    hydrogens = [atom for atom in range(molecule.n_atoms) if molecule.elements[atom] == "H"][:2]
    bonds = np.concatenate([molecule.bonds, [hydrogens]])
    message = refusal(replace(alanine_frames, molecule=replace(molecule, bonds=bonds)))
    assert "bonds between hydrogens" in message


def test_a_bond_that_the_topology_lacks_is_named(alanine_frames):
    molecule = alanine_frames.molecule
    names = np.array(molecule.atom_names)
    cut = (names[molecule.bonds] == ["CA", "C"]).all(axis=1)
    assert cut.sum() == 1
    message = refusal(replace(alanine_frames, molecule=replace(molecule, bonds=molecule.bonds[~cut])))
    assert "atoms are as close as bonded ones" in message
    assert "neighbours: ALA2 CA–ALA2 C (atoms 8 and 10) in 100 % of frames. Likely" in message
    assert "CONECT" in message


def test_neighbours_of_one_atom_within_the_rule_are_said():
    """The rule would bond the oxygens, so that no graph of these frames is exact."""
    molecule = Molecule(
        elements=("C", "O", "O"),
        atom_names=("C", "O1", "O2"),
        residue_names=("LIG",) * 3,
        residue_index=np.zeros(3, dtype=np.int64),
        masses=np.array([12.0, 16.0, 16.0]),
        bonds=np.array([[0, 1], [0, 2]]),
    )
    geometry = np.array([[0, 0, 0], [1.2, 0, 0], [0.2, 1.18, 0]], dtype=np.float32)
    frames = Frames(np.stack([geometry] * 4), np.zeros(4, dtype=np.int64), np.arange(4.0), molecule)
    card, (warned,) = check_bonds(frames, ["lig.xtc"])
    assert card["contacts"] == ["LIG1 O1–LIG1 O2 (atoms 1 and 2) in 100 % of frames"]
    assert warned.startswith("atoms that are not bonded are as close as bonded ones")


def test_neighbours_that_the_rule_cannot_decide_are_left_out():
    """Two iodine atoms on one carbon atom, which are as close as bonded ones by the rule."""
    molecule = Molecule(
        elements=("C", "I", "I"),
        atom_names=("C", "I1", "I2"),
        residue_names=("LIG",) * 3,
        residue_index=np.zeros(3, dtype=np.int64),
        masses=np.array([12.0, 126.9, 126.9]),
        bonds=np.array([[0, 1], [0, 2]]),
    )
    geometry = np.array([[0, 0, 0], [1.77, 1.2, 0], [-1.77, 1.2, 0]], dtype=np.float32)
    frames = Frames(np.stack([geometry] * 4), np.zeros(4, dtype=np.int64), np.arange(4.0), molecule)
    card, warned = check_bonds(frames, ["lig.xtc"])
    assert card["contacts"] == []
    assert not warned


def test_atoms_without_bonds_have_nothing_to_check(alanine_frames):
    molecule = replace(alanine_frames.molecule.subset(np.array([1])), bonds=np.empty((0, 2), dtype=np.int64))
    frames = replace(alanine_frames, positions=alanine_frames.positions[:, 1:2], molecule=molecule)
    assert check_bonds(frames, FILES)[1] == []
