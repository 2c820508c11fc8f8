"""Bonds found by distance: as in the bundled molecules, and in geometries made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from cgbench.chem.bond_completion import add_missing_bonds, drop_ends_of_chains
from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.core.registry import PlugIn

TETRAHEDRON = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)


@pytest.fixture(scope="module")
def chignolin(alanine_directory) -> Frames:
    folder = alanine_directory.parent / "chignolin"
    source = PlugIn.parse("sources", "x", "bundled", {"directory": str(folder), "stride": 200}, "")
    return source.create().read()[0]


def raw(positions, cell=None):
    positions = np.asarray(positions, dtype=np.float32)
    cells = None if cell is None else np.repeat(cell[None], len(positions), axis=0).astype(np.float32)
    return positions, cells


def molecule(elements, bonds=(), residues=None):
    n_atoms = len(elements)
    return Molecule(
        elements=tuple(elements),
        atom_names=tuple(f"{element}{number}" for number, element in enumerate(elements)),
        residue_names=("LIG",) * n_atoms,
        residue_index=np.zeros(n_atoms, dtype=np.int64) if residues is None else np.array(residues),
        masses=np.ones(n_atoms),
        bonds=np.array(sorted(bonds), dtype=np.int64).reshape(-1, 2),
    )


def found(elements, positions, bonds=()):
    return set(map(tuple, add_missing_bonds(molecule(elements, bonds), *raw([positions]))[0].bonds.tolist()))


def without(molecule, *rows):
    return replace(molecule, bonds=np.delete(molecule.bonds, rows, axis=0))


class TestMissingBonds:
    def test_all_bonds_of_a_peptide(self, chignolin):
        bare = without(chignolin.molecule, *range(180))
        complete, note = add_missing_bonds(bare, *raw(chignolin.positions))
        np.testing.assert_array_equal(complete.bonds, chignolin.molecule.bonds)
        assert note.startswith(
            "the topology has 0 bonds and 175 connected components; 180 bonds added by distance"
        )
        assert "ACE1 C–ACE1 O" in note and note.endswith(" and 172 more")

    def test_a_ring_is_closed_though_the_molecule_is_connected(self, chignolin):
        """All bonds of proline and tryptophan, one at a time."""
        peptide = chignolin.molecule
        residues = np.array(peptide.residue_names)[peptide.bonds]
        ring = np.flatnonzero(np.isin(residues, ["PRO", "TRP"]).any(axis=1))
        assert len(ring) == 43
        for row in ring:
            complete, note = add_missing_bonds(without(peptide, row), *raw(chignolin.positions[:5]))
            np.testing.assert_array_equal(complete.bonds, peptide.bonds)
            assert "; 1 bond added by distance" in note

    def test_nothing_is_said_of_a_complete_molecule(self, chignolin):
        complete, note = add_missing_bonds(chignolin.molecule, *raw(chignolin.positions))
        assert complete is chignolin.molecule and not note

    @pytest.mark.parametrize("factor", [0.1, 10.0])
    def test_positions_in_another_unit_give_no_bonds(self, chignolin, factor):
        some = without(chignolin.molecule, 5)
        assert add_missing_bonds(some, *raw(factor * chignolin.positions)) == (some, "")

    def test_across_a_periodic_boundary(self, chignolin):
        cell = np.array([[30.0, 0, 0], [10, 28, 0], [-10, 14, 25]])
        frames = chignolin.positions[:10] + np.array([3.0, 2.0, 1.0])
        wrapped = frames - np.floor(frames @ np.linalg.inv(cell)) @ cell
        bare = without(chignolin.molecule, *range(180))
        complete, _ = add_missing_bonds(bare, *raw(wrapped, cell))
        np.testing.assert_array_equal(complete.bonds, chignolin.molecule.bonds)

    def test_a_bond_that_is_stretched_in_some_frames(self):
        """The median of 1.1, 1.1 and 1.3 Å is that of a bond, and that of 1.1, 1.3 and 1.3 Å is not."""
        for lengths, expected in (((1.3, 1.1, 1.1), 1), ((1.1, 1.3, 1.3), 0)):
            frames = [[[0, 0, 0], [length, 0, 0]] for length in lengths]
            assert len(add_missing_bonds(molecule("CH"), *raw(frames))[0].bonds) == expected

    @pytest.mark.parametrize(
        ("outer", "length"), [("I", 2.15), ("Br", 1.94), ("Si", 1.87), ("Se", 1.95), ("P", 1.75), ("S", 1.8)]
    )
    def test_atoms_on_one_centre_are_not_bonded(self, outer, length):
        """At 105°, so that even silicon atoms are within 1.3 (r_i + r_j)."""
        half = np.radians(105 / 2)
        ends = [
            [length * np.sin(half), length * np.cos(half), 0],
            [-length * np.sin(half), length * np.cos(half), 0],
        ]
        assert found(["C", outer, outer], [[0, 0, 0], *ends]) == {(0, 1), (0, 2)}
        assert found(["O", outer, outer], [[0, 0, 0], *ends]) == {(0, 1), (0, 2)}

    def test_rings_of_three(self):
        ring = 1.51 / np.sqrt(3) * np.array([[0, 1, 0], [0.866, -0.5, 0], [-0.866, -0.5, 0]])
        assert len(found("CCC", ring)) == 3
        assert len(found("CCO", ring)) == 3

    def test_hydrogen_has_one_bond(self):
        """The nearer one of two carbon atoms."""
        assert found("CCH", [[0, 0, 0], [2.2, 0, 0], [1.05, 0, 0]]) == {(0, 2)}

    def test_carbon_with_four_bonds_takes_no_more(self):
        methane = [[0, 0, 0], *1.09 * TETRAHEDRON]
        bonds = [(0, 1), (0, 2), (0, 3), (0, 4)]
        assert found("CHHHHC", [*methane, [-1.0, -1.0, -1.0]]) == set(bonds)
        assert found("CHHHHC", [*methane, [-1.0, -1.0, -1.0]], bonds) == set(bonds)

    def test_chlorine_in_perchlorate(self):
        assert len(found(["Cl", *"OOOO"], [[0, 0, 0], *1.45 * TETRAHEDRON])) == 4
        assert found(["Cl", "C", "C"], [[0, 0, 0], [1.75, 0, 0], [-1.8, 0, 0]]) == {(0, 1)}

    def test_phosphate(self):
        phosphate = [[0, 0, 0], *1.6 * TETRAHEDRON]
        carbon = phosphate[1] + np.array([1.43, 0, 0])
        assert found("POOOOC", [*phosphate, carbon]) == {(0, 1), (0, 2), (0, 3), (0, 4), (1, 5)}

    def test_cost_is_linear(self):
        """8,000 water molecules; all pairs of atoms would be 288 million."""
        corners = 3.1 * np.stack(np.meshgrid(*3 * [range(20)], indexing="ij"), -1).reshape(-1, 1, 3)
        waters = corners + np.array([[0, 0, 0], [0.957, 0, 0], [-0.24, 0.927, 0]])
        complete, _ = add_missing_bonds(molecule(8000 * "OHH"), *raw(waters.reshape(1, -1, 3)))
        oxygen = 3 * np.arange(8000)
        expected = np.stack([np.repeat(oxygen, 2), np.repeat(oxygen, 2) + np.tile([1, 2], 8000)], axis=1)
        np.testing.assert_array_equal(complete.bonds, expected)


@pytest.fixture(scope="module")
def gap(chignolin):
    """Chignolin without residues 6 and 7, and with a bond between 5 and 8, as readers make it."""
    peptide = chignolin.molecule
    kept = np.flatnonzero(~np.isin(peptide.residue_index, [5, 6]))
    rest = peptide.subset(kept)
    labels = [rest.label(atom) for atom in range(rest.n_atoms)]
    ends = [labels.index("PRO5 C"), labels.index("GLY8 N")]
    bonds = np.concatenate([rest.bonds, [ends]])
    return replace(rest, bonds=bonds[np.lexsort(bonds.T[::-1])]), chignolin.positions[:20, kept], ends


class TestEndsOfChains:
    @pytest.mark.parametrize("cell", [None, 60 * np.eye(3)])
    def test_missing_residues_are_no_bond_with_and_without_a_cell(self, gap, cell):
        with_bond, frames, ends = gap
        corrected, note = drop_ends_of_chains(with_bond, *raw(frames, cell))
        assert ends not in corrected.bonds.tolist()
        assert len(corrected.bonds) == len(with_bond.bonds) - 1
        assert "1 bond between residues longer than 3 Å in all of 20 frames" in note
        assert "PRO5 C–GLY8 N; a TER record" in note

    def test_a_bond_that_is_long_in_some_frames_is_kept(self, gap):
        """A molecule that is broken at the boundary of a cell that the file does not have."""
        with_bond, frames, ends = gap
        broken = np.array(frames)
        broken[::2, : ends[0] + 1] += 40
        whole = without(with_bond, with_bond.bonds.tolist().index(ends))
        assert drop_ends_of_chains(whole, *raw(broken))[0] is whole

    def test_nothing_is_dropped_if_atoms_are_in_another_order(self, gap):
        with_bond, frames, _ = gap
        assert drop_ends_of_chains(with_bond, *raw(frames[:, ::-1])) == (with_bond, "")

    def test_an_oxygen_elsewhere_may_have_the_name_of_one_at_the_end(self, chignolin):
        """The oxygen OT of phosphates in CHARMM is OXT to mdtraj, here one of an aspartate."""
        peptide, frames = chignolin.molecule, chignolin.positions[:20]
        labels = [peptide.label(atom) for atom in range(peptide.n_atoms)]
        carbonyl, carboxyl, oxygen = map(labels.index, ("ASP4 C", "ASP4 CG", "ASP4 OD2"))
        names = tuple("OXT" if atom == oxygen else name for atom, name in enumerate(peptide.atom_names))
        bonds = peptide.bonds.tolist()
        bonds[bonds.index(sorted((carboxyl, oxygen)))] = sorted((carbonyl, oxygen))
        as_read = replace(peptide, atom_names=names, bonds=np.array(sorted(bonds)))
        corrected, note = drop_ends_of_chains(as_read, *raw(frames))
        assert note.startswith("1 bond dropped that only the names of atoms say") and "ASP4 C" in note
        np.testing.assert_array_equal(add_missing_bonds(corrected, *raw(frames))[0].bonds, peptide.bonds)
        assert drop_ends_of_chains(as_read, *raw(frames[:, ::-1])) == (as_read, "")
