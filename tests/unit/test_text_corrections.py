"""GRO and PSF files as programs write them, which mdtraj alone cannot read."""

import mdtraj
import numpy as np
import pytest

from cgbench.chem.topology_io import read_topology
from cgbench.chem.trajectory_io import load_trajectory
from cgbench.core.errors import InputError

N_FRAMES = 3


@pytest.fixture
def frames(alanine_frames, alanine_directory):
    topology = mdtraj.load_topology(str(alanine_directory / "topology.pdb"))
    return mdtraj.Trajectory(alanine_frames.positions[:N_FRAMES] / 10, topology)


@pytest.fixture
def gro(frames, tmp_path):
    """Lines of a GRO file of 25 lines per frame."""
    frames.save(str(tmp_path / "t.gro"))
    return (tmp_path / "t.gro").read_text().splitlines()


def write(path, lines):
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("titles", "time"),
    [
        (["minimised, cutoff set=1", "offset= 3", "t=x"], None),
        (["", "", ""], None),
        (["ala t=   0.00000 step= 0", "ala t=   2.50000 step= 5", "set=1 t= 5"], [0, 2.5, 5]),
        (["Läufe t= 1e3", "Läufe t= 2e3", "Läufe t= 3e3"], [1000, 2000, 3000]),
        (["t= -5.0", "t= 0.0", "t= 5.0"], None),
    ],
)
def test_titles_of_gro_files_may_have_any_content(gro, frames, tmp_path, titles, time):
    gro[::25] = titles
    path = write(tmp_path / "t.gro", gro)
    assert read_topology(path).n_atoms == 22
    raw = load_trajectory(path, path)
    np.testing.assert_allclose(raw.positions, 10 * frames.xyz, atol=0.006)
    if time is None:
        assert raw.no_time
    else:
        np.testing.assert_allclose(raw.time, time)


def test_numbers_of_atoms_in_gro_files_are_not_needed(gro, frames, tmp_path):
    lines = [
        f"{line[:15]}*****{line[20:]}" if row % 25 in range(2, 24) else line for row, line in enumerate(gro)
    ]
    path = write(tmp_path / "t.gro", [*lines, "", " "])
    np.testing.assert_allclose(load_trajectory(path, path).positions, 10 * frames.xyz, atol=0.006)
    assert read_topology(path).atom_names == read_topology(write(tmp_path / "u.gro", gro)).atom_names


def test_a_gro_file_without_a_box_has_no_cell(gro, tmp_path):
    path = write(tmp_path / "t.gro", gro[:24])
    assert load_trajectory(path, path).cell is None


@pytest.mark.parametrize(
    ("row", "line", "said"),
    [
        (1, ["twenty-two"], "line 2 should be the number of atoms, not 'twenty-two'"),
        (26, [], r"line 27 should be the number of atoms, not '0ACE"),
        (5, ["*****ACE    CH3    3   0.000   0.000   0.000"], r"line 6: '\*{5}' is no number of a residue"),
        (5, [""], r"line 6: '\\n' is no number of a residue"),
    ],
)
def test_lines_of_gro_files_that_cannot_be_read_are_named(gro, tmp_path, row, line, said):
    gro[row : row + 1] = line
    path = write(tmp_path / "t.gro", gro)
    for read in (read_topology, lambda file: load_trajectory(file, file)):
        with pytest.raises(InputError, match=rf"t\.gro: {said}"):
            read(path)


def psf(topology, residues):
    """Text of a PSF file with these residue numbers."""
    lines = ["PSF EXT", "", "         1 !NTITLE", "* 1 A 52A title", "", f"{topology.n_atoms:10d} !NATOM"]
    for atom in topology.atoms:
        words = "PROA", residues[atom.residue.index], atom.residue.name, atom.name, "X"
        lines.append(
            f"{atom.index + 1:10d} "
            + " ".join(f"{word:8s}" for word in words)
            + f" 0.0 {atom.element.mass} 0"
        )
    lines += ["", f"{topology.n_bonds:10d} !NBOND: bonds"]
    lines += [f"{bond[0].index + 1:10d}{bond[1].index + 1:10d}" for bond in topology.bonds]
    return [*lines, "", "         0 !NTHETA", ""]


def test_residues_of_psf_files_may_have_insertion_codes(frames, tmp_path):
    topology = frames.topology
    for residue in topology.residues:
        residue.name = "GLY"  # so that only numbers tell residues apart
    path = write(tmp_path / "t.psf", psf(topology, ["52", "52A", "53"]))
    molecule = read_topology(path)
    assert molecule.residue_index.tolist() == [atom.residue.index for atom in topology.atoms]
    assert len(molecule.bonds) == 21
    assert read_topology(path, "residue 52").n_atoms == 16
    assert read_topology(path, "residue 53").n_atoms == 6
