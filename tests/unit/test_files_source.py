"""The user's own trajectories."""

import re

import mdtraj
import numpy as np
import pytest
from dataset_helpers import N_FRAMES, small_bundle, source, trajectory

from cgbench.core.errors import InputError


@pytest.fixture
def small(alanine_frames, alanine_directory, tmp_path):
    return small_bundle(alanine_frames, alanine_directory, tmp_path / "bundled")


@pytest.fixture
def topology(small):
    return str(small / "topology.pdb")


def test_pattern_is_expanded_and_sorted(small, topology):
    reader = source("files", topology=topology, trajectories=str(small / "walker-*.xtc"), temperature_K=300)
    frames, card = reader.read()
    assert [path.rsplit("/", 1)[-1] for path in reader.input_files()] == [
        "topology.pdb",
        "walker-0.xtc",
        "walker-1.xtc",
    ]
    assert np.unique(frames.trajectory).tolist() == [0, 1]
    assert card["temperature_K"] == 300
    assert card["processing"] == []


def test_pattern_without_match_is_refused(small, topology):
    with pytest.raises(InputError, match=r"no file matches .*runner-\*\.xtc"):
        source("files", topology=topology, trajectories=str(small / "runner-*.xtc")).input_files()


@pytest.mark.parametrize(
    "name", ["md[300K]", "a*b", "what?", "$data", "~data", "-data", "it's", "Öl Å", "{b}"]
)
def test_names_are_taken_as_they_are(name, small, monkeypatch):
    small.rename(small.with_name(name))
    monkeypatch.chdir(small.parent)
    (small.parent / "axb").mkdir()
    reader = source("files", topology=f"{name}/topology.pdb", trajectories=f"{name}/walker-0.xtc")
    assert reader.input_files() == [f"{name}/topology.pdb", f"{name}/walker-0.xtc"]


def test_patterns_in_a_folder_with_brackets(small):
    folder = small.rename(small.with_name("md[300K]"))
    reader = source("files", topology="own.pdb", trajectories=str(folder / "walker-*.xtc"))
    assert reader.input_files()[1:] == [str(folder / f"walker-{k}.xtc") for k in range(2)]


def test_home_and_variables_in_paths(small, monkeypatch):
    monkeypatch.setenv("HOME", str(small))
    monkeypatch.setenv("DATA", str(small))
    reader = source("files", topology="~/topology.pdb", trajectories=["$DATA/w*-0.xtc", "${DATA}/w*-1.xtc"])
    assert reader.input_files() == [
        str(small / name) for name in ("topology.pdb", "walker-0.xtc", "walker-1.xtc")
    ]
    assert source("bundled", directory="~").input_files() == [str(small / "card.json")]
    # The missing file is then named as it is written.
    assert source("files", topology="$NO/a.pdb", trajectories="b.xtc").input_files()[0] == "$NO/a.pdb"


def test_file_named_twice_is_refused(small, topology):
    files = [str(small / "walker-0.xtc"), str(small / "walker-*.xtc")]
    with pytest.raises(InputError, match=r"walker-0\.xtc listed more than once"):
        source("files", topology=topology, trajectories=files).input_files()


def test_selection_leaves_the_other_atoms_out(small, topology):
    frames, _ = source(
        "files", topology=topology, trajectories=str(small / "walker-0.xtc"), selection="not element H"
    ).read()
    assert frames.positions.shape == (N_FRAMES, 10, 3)
    assert set(frames.molecule.elements) == {"C", "N", "O"}


@pytest.mark.parametrize("stated", [True, False])
def test_a_selection_that_cuts_bonds_is_refused(small, alanine_frames, stated):
    """The bonds are those of the topology, or follow from distances."""
    path = small / "named.pdb"
    one = trajectory(alanine_frames)[0]
    if not stated:
        one.topology._bonds = []
        for residue in one.topology.residues:  # mdtraj knows the bonds of others, by name
            residue.name = "LIG" if residue.name != "ALA" else "ALA"
    one.save_pdb(str(path))
    files = {"topology": str(path), "trajectories": str(small / "walker-0.xtc")}
    names = ("ACE", "NME") if stated else ("LIG", "LIG")
    message = (
        rf"named\.pdb: selection 'resname ALA' cuts 2 covalent bonds \(ALA2 N–{names[0]}1 C, ALA2 C–"
        rf"{names[1]}3 N\) and leaves out {names[0]}1, {names[1]}3; .* `allow_cut_bonds: true`"
    )
    with pytest.raises(InputError, match=message):
        source("files", **files, selection="resname ALA").read()
    frames, card = source("files", **files, selection="resname ALA", allow_cut_bonds=True).read()
    assert set(frames.molecule.residue_names) == {"ALA"}
    assert "cuts 2 covalent bonds" in card["processing"][0]


def test_names_of_force_fields_that_are_no_protein_to_mdtraj(small, alanine_directory):
    """ASH is protonated aspartic acid in AMBER, and `protein` does not contain it."""
    folder = alanine_directory.parent / "chignolin"
    peptide = mdtraj.load(str(folder / "walker-0.xtc"), top=str(folder / "topology.pdb"))[:100:20]
    next(residue for residue in peptide.topology.residues if residue.name == "ASP").name = "ASH"
    peptide.topology._bonds = []
    peptide[0].save_pdb(str(small / "ash.pdb"))
    peptide.save(str(small / "ash.xtc"))
    files = {"topology": str(small / "ash.pdb"), "trajectories": str(small / "ash.xtc")}
    with pytest.raises(InputError, match=r"'protein' cuts 2 .* leaves out ASH4; .*or resname"):
        source("files", **files, selection="protein").read()
    with pytest.warns(UserWarning, match="bonds added by distance"):
        frames, _ = source("files", **files, selection="protein or resname ASH").read()
    assert (frames.molecule.n_atoms, len(frames.molecule.bonds)) == (175, 180)


@pytest.mark.parametrize(("name", "selection"), [("HOH", "not water"), ("SPC", "not (water or resname SPC)")])
def test_water_in_the_selection_is_pointed_out(small, alanine_frames, name, selection):
    """The default selects everything, and mdtraj's `water` does not know all names of water."""
    one = trajectory(alanine_frames)
    topology = one.topology.copy()
    chain = topology.add_chain()
    for _ in range(30):
        topology.add_atom("O", mdtraj.element.oxygen, topology.add_residue(name, chain))
    places = np.arange(90, dtype=np.float32).reshape(1, 30, 3) + np.zeros((N_FRAMES, 1, 1), np.float32)
    solvated = mdtraj.Trajectory(np.concatenate([one.xyz, places], axis=1), topology, time=one.time)
    solvated[0].save_pdb(str(small / "water.pdb"))
    solvated.save(str(small / "water.xtc"))
    files = {"topology": str(small / "water.pdb"), "trajectories": str(small / "water.xtc")}
    message = re.escape(f"`selection: {selection}`")
    with pytest.warns(UserWarning, match=f"30 of 52 selected atoms are water; .*{message}"):
        source("files", **files).read()
    frames, card = source("files", **files, selection=selection).read()
    assert frames.molecule.n_atoms == 22
    assert card["processing"] == []
    if name == "SPC":
        with pytest.warns(UserWarning, match=f"1 of 23 selected atoms are water; .*{message}"):
            source("files", **files, selection="not water and index < 23").read()


def test_time_is_asked_for_where_the_format_has_none(small, topology, alanine_frames):
    path = small / "t.dcd"
    trajectory(alanine_frames).save(str(path))
    with pytest.raises(InputError, match=r"t\.dcd: .* holds no time of frames; set frame_interval_ps"):
        source("files", topology=topology, trajectories=str(path)).read()
    frames, _ = source(
        "files", topology=topology, trajectories=str(path), frame_interval_ps=10, stride=2
    ).read()
    np.testing.assert_allclose(frames.time, [0, 20, 40])


def test_a_file_of_a_format_with_time_may_have_none(small, topology, alanine_frames):
    path = small / "t.nc"
    with mdtraj.formats.NetCDFTrajectoryFile(str(path), "w") as handle:
        handle.write(10 * trajectory(alanine_frames).xyz)
    with pytest.raises(InputError, match=r"t\.nc: .* holds no time of frames; set frame_interval_ps"):
        source("files", topology=topology, trajectories=str(path)).read()


def test_what_a_reader_leaves_out_is_said(small, topology, alanine_frames):
    cells = trajectory(alanine_frames)
    cells.unitcell_lengths = np.full((N_FRAMES, 3), 0.1)
    cells.unitcell_angles = np.full((N_FRAMES, 3), 90.0)
    cells.save(str(small / "cells.xtc"))
    with pytest.warns(UserWarning, match=r"cells\.xtc: the unit cell .* is shorter than the molecule"):
        _, card = source("files", topology=topology, trajectories=str(small / "cells.xtc")).read()
    (note,) = card["processing"]
    assert note.startswith(f"{small / 'cells.xtc'}: the unit cell (1 x 1 x 1 Å)")


def test_a_time_that_does_not_pass_is_asked_for(small, topology, alanine_frames):
    still = trajectory(alanine_frames)
    still.time[:] = 0
    still.save(str(small / "still.xtc"))
    settings = {"topology": topology, "trajectories": str(small / "still.xtc")}
    with pytest.raises(InputError, match=r"still\.xtc: the time of all 6 frames is 0 ps; set frame_int"):
        source("files", **settings).read()
    frames, _ = source("files", **settings, frame_interval_ps=10).read()
    np.testing.assert_allclose(frames.time, 10 * np.arange(N_FRAMES))


def test_unknown_setting_is_refused():
    with pytest.raises(InputError, match="unknown key 'trajectory'"):
        source("files", topology="a.pdb", trajectories="a.xtc", trajectory="b.xtc")
