"""Elements of topology files: right, or refused."""

import pytest
from topology_writers import elements, gro, psf

from cgbench.chem.selection_cuts import bonds_of_topology
from cgbench.chem.topology_io import read_system, read_topology
from cgbench.core.errors import InputError


class TestNames:
    """Names as force fields and programs write them into .gro files."""

    @pytest.mark.parametrize(
        ("residue", "names", "expected"),
        [
            ("ALA", "N H CA HA CB 1HB HB2 HB3 C O", "N H C H C H H H C O"),
            ("CYS", "N HN CA HA CB HB1 SG HG1 C OT1", "N H C H C H S H C O"),
            ("HISD", "N CA CB CG CD2 NE2 HE2 ND1 HD1 CE1 C O", "N C C C C N H N H C C O"),
            ("ASH", "N CA CB CG OD1 OD2 HD2 C O", "N C C C O O H C O"),
            ("TPO", "N CA CB OG1 CG2 HG21 P O1P O2P C O", "N C C O C H P O O C O"),
            ("MSE", "N CA CB CG SE CE HE1 C O", "N C C C Se C H C O"),
            ("NHE", "N HN1 HN2", "N H H"),
            ("DA5", "HO5' O5' C5' H5'' C1' N9 N6 P OP1", "H O C H C N N P O"),
            ("ADE", "H5T O5* C5* P O1P N9", "H O C P O N"),
            ("ATP", "PG O1G PB O3A PA O5' C5' N6", "P O P O P O C N"),
            ("POPC", "N C12 H12A P O13 HS HX C218 H18R OC", "N C H P O H H C H O"),
            ("SOL", "OW HW1 HW2 MW", "O H H VS"),
            ("TIP4", "OH2 H1 H2 EPW", "O H H VS"),
            ("LIG", "C1 CA CAA N1 NA NE O1 HO1 HE2 S1 P1 F1 I1", "C C C N N N O H H S P F I"),
            ("LIG", "Cl1 Br2 Si", "Cl Br Si"),
            ("NA", "NA", "Na"),
            ("NA+", "NA+", "Na"),
            ("SOD", "SOD", "Na"),
            ("CLA", "CLA", "Cl"),
            ("CL", "CL", "Cl"),
            ("CA", "CA", "Ca"),
            ("ZN2", "ZN", "Zn"),
            ("GLY", "CA", "C"),
        ],
    )  # fmt: skip
    def test_names_that_admit_one_element(self, tmp_path, residue, names, expected):
        path = gro(tmp_path / "a.gro", (residue, names.split()))
        assert " ".join(read_system(path, "index 0").everything.elements) == expected

    @pytest.mark.parametrize(
        ("residue", "name", "options"),
        [
            ("LIG", "CL1", "C or Cl"),
            ("LIG", "BR", "B or Br"),
            ("LIG", "SI2", "S or Si"),
            ("MSE", "SE1", "S or Se"),
            ("HEM", "FE", "F or Fe"),
            ("B12", "CO", "C or Co"),
            ("ION", "NA", "N or Na"),
            ("LIG", "X1", ""),
            ("ALA", "D", ""),
            ("LIG", "12", ""),
        ],
    )
    def test_other_names_are_refused(self, tmp_path, residue, name, options):
        atoms = ["C1", name] if residue != "ION" else [name]
        path = gro(tmp_path / "a.gro", (residue, atoms))
        reason = rf" \({options}\)" if options else ""
        message = (
            rf"a\.gro: the file states no element .*: {residue} {name}{reason}; set `elements: \{{{name}: \?"
        )
        with pytest.raises(InputError, match=message):
            read_topology(path)

    def test_atoms_that_are_not_selected_may_be_unknown(self, tmp_path):
        path = gro(tmp_path / "a.gro", ("ALA", ["N", "CA", "C"]), ("LIG", ["CL1", "X"]))
        assert elements(path, "protein") == "N C C"
        with pytest.raises(
            InputError, match=r"'mass > 2' uses elements or masses: .*LIG CL1 \(C or Cl\), LIG X;"
        ):
            read_topology(path, "mass > 2")
        assert elements(path, "mass > 13", {"CL1": "Cl", "X": "H"}) == "N Cl"

    def test_elements_are_given_by_atom_or_by_residue_and_atom(self, tmp_path):
        path = gro(tmp_path / "a.gro", ("SIL", ["SI1", "C1"]), ("MOL", ["SI1", "H1"]))
        assert elements(path, "all", {"SI1": "Si"}) == "Si C Si H"
        assert elements(path, "all", {"SI1": "Si", "MOL SI1": "s"}) == "Si C S H"
        with pytest.raises(InputError, match="'Sx' \\(of SI1\\) is no chemical element"):
            read_topology(path, "all", {"SI1": "Sx"})
        with pytest.raises(InputError, match=r"a\.gro has no atom 'SI3'"):
            read_topology(path, "all", {"SI3": "Si"})

    def test_virtual_sites_are_refused(self, tmp_path):
        path = gro(tmp_path / "a.gro", ("SOL", ["OW", "HW1", "HW2", "MW"]))
        with pytest.raises(InputError, match=r"atom 3 \(.*MW\) has no chemical element, .* `not name MW`"):
            read_topology(path)
        assert elements(path, "not name MW") == "O H H"
        assert elements(path, "mass > 0.5") == "O H H"

    @pytest.mark.parametrize(
        ("water", "selection"), [("SOL", "not water"), ("TIP4P", "not (water or resname TIP4P)")]
    )
    def test_virtual_sites_of_water_are_left_out_with_the_water(self, tmp_path, water, selection):
        """mdtraj does not know all names of water."""
        path = gro(tmp_path / "a.gro", ("ALA", ["N", "CA", "C"]), (water, ["OW", "HW1", "HW2", "MW"]))
        with pytest.raises(InputError) as error:
            read_topology(path)
        assert f"leave water out by `selection: {selection}`, or exclude" in str(error.value)
        assert elements(path, selection) == "N C C"


METHYLAMINE = ["C", "N", "H1", "H2", "H3", "HN1", "HN2"]
BONDS = [(0, 1), (0, 2), (0, 3), (0, 4), (1, 5), (1, 6)]


def repartitioned(mass):
    """Masses of methylamine with hydrogens of a mass, taken from the heavy atoms."""
    return [12.011 - 3 * (mass - 1.008), 14.007 - 2 * (mass - 1.008), *5 * [mass]]


class TestMasses:
    @pytest.mark.parametrize("mass", [1.008, 2.016, 3.024, 4.0])
    def test_hydrogen_mass_repartitioning(self, tmp_path, mass):
        atoms = [
            (1, "LIG", name, value) for name, value in zip(METHYLAMINE, repartitioned(mass), strict=True)
        ]
        path = psf(tmp_path / "a.psf", atoms, BONDS)
        assert elements(path) == "C N H H H H H"
        assert elements(path, "mass > 4.5") == "C N"
        assert read_topology(path).masses.tolist() == pytest.approx([12.011, 14.007, *5 * [1.008]], abs=0.001)

    def test_deuterium(self, tmp_path):
        masses = [12.011, 14.007, *5 * [2.014]]
        atoms = [(1, "LIG", name, value) for name, value in zip(METHYLAMINE, masses, strict=True)]
        assert elements(psf(tmp_path / "a.psf", atoms, BONDS)) == "C N H H H H H"

    def test_masses_decide_between_the_elements_of_a_name(self, tmp_path):
        names = [
            ("CL1", 35.45),
            ("CA", 12.011),
            ("SE", 78.971),
            ("SI", 28.085),
            ("BR1", 79.904),
            ("NB", 14.007),
        ]
        atoms = [(1, "LIG", name, mass) for name, mass in names]
        assert elements(psf(tmp_path / "a.psf", atoms)) == "Cl C Se Si Br N"

    def test_names_that_are_none_of_an_element(self, tmp_path):
        """Ions, Drude particles, lone pairs, and a carbon atom named X, of which the mass alone tells."""
        atoms = [
            (1, "SOD", "SOD", 22.99),
            (2, "LIG", "X", 12.011),
            (2, "LIG", "DX", 0.4),
            (2, "LIG", "LP1", 0.0),
        ]
        assert read_system(psf(tmp_path / "a.psf", atoms), "index 0").everything.elements == (
            "Na",
            "C",
            "VS",
            "VS",
        )

    def test_drude_particles_can_be_left_out(self, tmp_path):
        """They are bonded to the atoms that carry them."""
        atoms = [
            (1, "LIG", "C1", 11.611),
            (1, "LIG", "DC1", 0.4),
            (1, "LIG", "O1", 15.599),
            (1, "LIG", "DO1", 0.4),
        ]
        path = psf(tmp_path / "a.psf", atoms, [(0, 1), (0, 2), (2, 3)])
        with pytest.raises(
            InputError, match=r"atom 1 \(LIG1-DC1\) has no chemical element, .* a Drude particle"
        ):
            read_topology(path)
        system = read_system(path, "mass > 0.5")
        assert system.molecule.elements == ("C", "O")
        assert not len(bonds_of_topology(system))

    def test_united_atoms(self, tmp_path):
        atoms = [(1, "LIG", "C1", 15.035), (1, "LIG", "C2", 14.027), (1, "LIG", "N", 15.015)]
        assert elements(psf(tmp_path / "a.psf", atoms)) == "C C N"

    @pytest.mark.parametrize(("name", "mass"), [("C1", 35.45), ("BB", 72.0), ("X", 9.963), ("H1", 12.011)])
    def test_masses_that_contradict_names_are_refused(self, tmp_path, name, mass):
        path = psf(tmp_path / "a.psf", [(1, "LIG", name, mass), (1, "LIG", "O1", 15.999)])
        with pytest.raises(InputError, match=rf"a\.psf: .*LIG {name} \(.*mass {mass:g}\); set `elements"):
            read_topology(path)

    def test_bonds_between_hydrogens_of_rigid_water_are_dropped(self, tmp_path):
        water = [(1, "TIP3", "OH2", 15.999), (1, "TIP3", "H1", 1.008), (1, "TIP3", "H2", 1.008)]
        system = read_system(psf(tmp_path / "a.psf", water, [(0, 1), (0, 2), (1, 2)]))
        assert system.molecule.bonds.tolist() == [[0, 1], [0, 2]]
        assert system.notes == ("1 bond between hydrogens dropped, as a constraint of rigid water",)
        hydrogen = psf(tmp_path / "b.psf", [(1, "HYD", "H1", 1.008), (1, "HYD", "H2", 1.008)], [(0, 1)])
        assert read_topology(hydrogen).bonds.tolist() == [[0, 1]]
