"""Atoms of PDB files that mdtraj would merge are refused, unless they are alternate locations."""

import gzip

import numpy as np
import pytest

from cgbench.chem.topology_io import read_topology
from cgbench.chem.trajectory_io import load_trajectory
from cgbench.core.errors import InputError
from cgbench.pipeline.bead_source import open_beads


def atom(serial, name, location, residue="THR", number=1, occupancy="1.00", x=None, record="ATOM  "):
    """Record of one atom, of which ``name`` fills columns 13 to 16."""
    place = f"{serial if x is None else x:8.3f}{0:8.3f}{0:8.3f}"
    return (
        f"{record}{serial:5d} {name:4s}{location}{residue:3s} A{number:4d}    {place}{occupancy:>6s}  0.00\n"
    )


def shifted_threonine():
    """Threonine whose hydrogens HG21, HG22 and HG23 begin in column 14, so that a digit is in column 17."""
    names = [(" N  ", " "), (" CA ", " "), (" HG2", "1"), (" HG2", "2"), (" HG2", "3"), (" HB ", " ")]
    return [atom(serial, *name) for serial, name in enumerate(names, start=1)]


@pytest.mark.parametrize("occupancy", ["1.00", "0.00", ""])
@pytest.mark.parametrize("suffix", ["pdb", "pdb.gz"])
def test_names_that_begin_late_are_refused(tmp_path, occupancy, suffix):
    content = "".join(shifted_threonine()).replace("  1.00", occupancy.rjust(6))
    path = tmp_path / f"t.{suffix}"
    path.write_bytes(gzip.compress(content.encode()) if suffix.endswith("gz") else content.encode())
    said = r"column 17 is not empty for HG21 of THR 1, HG22 of THR 1, HG23 of THR 1; .* names of four char"
    with pytest.raises(InputError, match=said):
        read_topology(path)
    with pytest.raises(InputError, match=said):
        load_trajectory(path, path)


def test_one_name_that_begins_late_is_refused_though_no_atom_is_lost(tmp_path):
    (tmp_path / "t.pdb").write_text(atom(1, " N  ", " ") + atom(2, " HH1", "1"))
    with pytest.raises(InputError, match=r"t\.pdb: column 17 is not empty for HH11 of THR 1"):
        read_topology(tmp_path / "t.pdb")


def test_many_names_are_counted(tmp_path):
    one = "".join(shifted_threonine())
    (tmp_path / "t.pdb").write_text("".join(one.replace("A   1", f"A   {number}") for number in (1, 2, 3)))
    with pytest.raises(InputError, match="HG21 of THR 2, HG22 of THR 2 and 4 more; it is that of alternate"):
        read_topology(tmp_path / "t.pdb")


@pytest.mark.parametrize(
    "locations",
    [
        [("A", "0.60"), ("B", "0.40")],
        [("1", "0.34"), ("2", "0.33"), ("3", "0.34")],
        [("A", "0.50"), ("B", "0.20")],
        [(" ", "0.70"), ("B", "0.30")],
    ],
)
def test_alternate_locations_are_one_atom(tmp_path, locations):
    lines = [atom(1, " N  ", " ")]
    lines += [atom(2, " CB ", label, occupancy=share) for label, share in locations]
    (tmp_path / "t.pdb").write_text("".join([*lines, atom(9, " C  ", " ")]))
    assert read_topology(tmp_path / "t.pdb").atom_names == ("N", "CB", "C")


def test_a_location_that_all_atoms_share_is_no_reason_to_refuse(tmp_path):
    (tmp_path / "t.pdb").write_text(atom(1, " N  ", "A") + atom(2, " CA ", "A"))
    assert read_topology(tmp_path / "t.pdb").n_atoms == 2


def test_equal_numbers_in_several_chains_are_different_residues(tmp_path):
    chain = [
        atom(1, " N  ", " "),
        atom(2, " CA ", "A", occupancy="0.50"),
        atom(3, " CA ", "B", occupancy="0.50"),
    ]
    (tmp_path / "t.pdb").write_text("".join([*chain, "TER\n", *chain, "TER\n"]))
    assert read_topology(tmp_path / "t.pdb").atom_names == ("N", "CA", "N", "CA")


def test_records_that_are_not_read_are_noticed(tmp_path):
    lines = [atom(1, " N  ", " "), atom(2, " CA ", " ").replace("ATOM  ", "ATOM 1")]
    (tmp_path / "t.pdb").write_text("".join(lines))
    with pytest.raises(
        InputError, match="has 2 records ATOM and HETATM, but mdtraj reads 1 of them; correct"
    ):
        read_topology(tmp_path / "t.pdb")


def test_beads_with_names_of_five_characters_are_named(tmp_path):
    lines = [atom(n, " BED", str(n), residue="CGB", x=3.0 * n) for n in (1, 2, 3)]
    (tmp_path / "beads.pdb").write_text("".join(["MODEL 1\n", *lines, "ENDMDL\n"]))
    with pytest.raises(InputError, match=r"beads\.pdb: column 17 is not empty for BED1 of CGB 1, BED2"):
        open_beads(tmp_path / "beads.pdb")


def test_models_are_frames_and_their_atoms_are_counted_once(tmp_path):
    model = "".join(["MODEL\n", atom(1, " N  ", " "), atom(2, " CA ", " ", record="HETATM"), "ENDMDL\n"])
    (tmp_path / "t.pdb").write_text(3 * model + "END\n")
    raw = load_trajectory(tmp_path / "t.pdb", tmp_path / "t.pdb")
    np.testing.assert_allclose(raw.positions[..., 0], [[1, 2]] * 3, atol=1e-5)
