"""Elements as formats of topologies state them: prmtop, mol2, PDB and those that mdtraj writes."""

import mdtraj
import pytest
from topology_writers import elements, mol2, pdb, prmtop

from cgbench.chem.topology_io import read_system, read_topology
from cgbench.chem.trajectory_io import load_trajectory
from cgbench.core.errors import InputError


class TestPrmtop:
    @pytest.mark.parametrize("number", [0, -1])
    def test_extra_points(self, tmp_path, number):
        path = prmtop(
            tmp_path / "a.prmtop",
            [("WAT", ["O", "H1", "H2", "EPW"])],
            [(0, 1), (0, 2), (1, 2), (0, 3)],
            [16, 1.008, 1.008, 0],
            [8, 1, 1, number],
        )
        with pytest.raises(InputError, match=r"atom 3 .* virtual site .* `not name EPW`"):
            read_topology(path)
        assert elements(path, "not name EPW") == "O H H"

    def test_types_that_leap_does_not_know(self, tmp_path):
        path = prmtop(
            tmp_path / "a.prmtop", [("LIG", ["C1", "CL1", "H1"])], (), [12.01, 35.45, 1.008], [6, -1, 1]
        )
        assert elements(path) == "C Cl H"

    def test_of_before_2012(self, tmp_path):
        """Without ATOMIC_NUMBER."""
        ligand = [("LIG", ["C1", "BR1", "NA", "CL1"])]
        path = prmtop(tmp_path / "a.prmtop", ligand, (), [12.01, 79.9, 14.01, 35.45])
        assert elements(path) == "C Br N Cl"
        without_masses = prmtop(tmp_path / "b.prmtop", ligand)
        with pytest.raises(
            InputError, match=r"LIG BR1 \(B or Br\), LIG CL1 \(C or Cl\); set .* ATOMIC_NUMBER"
        ):
            read_topology(without_masses)

    def test_an_incomplete_file_is_refused(self, tmp_path):
        path = prmtop(tmp_path / "a.prmtop", [("LIG", ["C1", "H1"])], (), [12.01])
        with pytest.raises(
            InputError, match=r"a\.prmtop: cannot be read as a topology: the number of masses"
        ):
            read_topology(path)


class TestMol2:
    @pytest.mark.parametrize(
        ("types", "expected"),
        [
            (["C.ar", "N.am", "O.2", "S.o2", "P.3", "Cl", "Br", "H", "Si"], "C N O S P Cl Br H Si"),
            (["ca", "na", "os", "cl", "br", "hc", "cd", "ns", "nu"], "C N O Cl Br H C N N"),
            (["CT", "CA", "N", "OS", "H", "HC", "S", "P", "F"], "C C N O H H S P F"),
        ],
    )
    def test_types_of_sybyl_gaff_and_amber(self, tmp_path, types, expected):
        names = [f"{symbol}{number}" for number, symbol in enumerate(expected.split())]
        assert elements(mol2(tmp_path / "a.mol2", list(zip(names, types, strict=True)))) == expected

    def test_types_that_contradict_names_are_refused(self, tmp_path):
        path = mol2(tmp_path / "a.mol2", [("C1", "C.3"), ("O2", "N.am")])
        with pytest.raises(InputError, match=r"a\.mol2: .*: LIG O2 \(O\)"):
            read_topology(path)


class TestPdb:
    def test_without_the_element_column(self, tmp_path):
        atoms = [("N", ""), ("CA", ""), ("C", ""), ("HG11", ""), ("CD1", ""), ("NE2", "")]
        assert elements(pdb(tmp_path / "a.pdb", atoms, "ILE")) == "N C C H C N"
        mixed = pdb(tmp_path / "b.pdb", [("C1", ""), ("CL1", "CL"), ("O1", "")], "LIG")
        assert elements(mixed) == "C Cl O"
        unknown = pdb(tmp_path / "c.pdb", [("C1", "C"), ("CL1", "")], "LIG")
        with pytest.raises(InputError, match=r"c\.pdb: .*: LIG CL1 \(C or Cl\)"):
            read_topology(unknown)

    def test_deuterium_counts_as_hydrogen(self, tmp_path):
        path = pdb(tmp_path / "a.pdb", [("N", "N"), ("D", "D"), ("CA", "C"), ("DA", "D"), ("C", "C")])
        system = read_system(path)
        assert system.molecule.elements == ("N", "H", "C", "H", "C")
        assert system.notes == ("2 deuterium atoms counted as hydrogen",)
        assert elements(path, "not element H") == "N C C"

    def test_a_column_with_the_first_letters_of_names_is_refused(self, tmp_path):
        path = pdb(tmp_path / "a.pdb", [("N", "N"), ("CA", "CA"), ("C", "C")])
        with pytest.raises(
            InputError, match=r"a\.pdb: atom 1 \(ALA1-CA\) is Ca in the file, but C by its name"
        ):
            read_topology(path)
        assert elements(path, "all", {"ALA CA": "C"}) == "N C C"

    def test_a_trajectory_is_selected_by_the_same_elements(self, tmp_path):
        path = pdb(tmp_path / "a.pdb", [("N", ""), ("X", ""), ("C", "")])
        given = {"X": "Br"}
        assert elements(path, "mass > 50", given) == "Br"
        raw = load_trajectory(path, path, "mass > 50", elements=given)
        assert raw.positions.tolist() == [[[2.0, 0.0, 0.0]]]


def test_formats_with_elements_are_believed(tmp_path, alanine_directory):
    trajectory = mdtraj.load(str(alanine_directory / "topology.pdb"))
    expected = elements(alanine_directory / "topology.pdb")
    trajectory.save(str(tmp_path / "a.cif"))
    trajectory.save(str(tmp_path / "a.h5"))
    trajectory.save(str(tmp_path / "a.pdb.gz"))
    assert (
        elements(tmp_path / "a.cif")
        == elements(tmp_path / "a.h5")
        == elements(tmp_path / "a.pdb.gz")
        == expected
    )
