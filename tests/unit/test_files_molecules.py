"""Bonds and whole molecules of the user's own trajectories."""

import mdtraj
import numpy as np
import pytest
from dataset_helpers import N_FRAMES, small_bundle, source, trajectory

from cgbench.chem.dihedrals import phi_psi_atoms
from cgbench.chem.topology_io import read_topology
from cgbench.core.errors import InputError


@pytest.fixture
def small(alanine_frames, alanine_directory, tmp_path):
    return small_bundle(alanine_frames, alanine_directory, tmp_path / "bundled")


@pytest.fixture
def topology(small):
    return str(small / "topology.pdb")


def beside_each_other(one, nanometres):
    """Two copies of a trajectory's molecule in one, each a chain."""
    other = one[:]
    other.xyz = one.xyz + np.array([nanometres, 0.0, 0.0], dtype=np.float32)
    return one.stack(other)


# Å; the sulphurs are 2.04 Å apart, what has a name to be bonded by 1.3 to 1.8 Å.
TWO_CYSTEINES = [
    {"N": (-3, 1, 0), "CA": (-2, 0, 0), "C": (-0.66, -0.5, 0), "CB": (-2, 0.8, 1.3), "SG": (-1.02, 1.5, 2.6)},
    {"N": (0.66, -0.5, 0), "CA": (2, 0, 0), "C": (3, 1, 0), "CB": (2, 0.8, 1.3), "SG": (1.02, 1.5, 2.6)},
]


def two_cysteines():
    topology = mdtraj.Topology()
    chain = topology.add_chain()
    for atoms in TWO_CYSTEINES:
        residue = topology.add_residue("CYS", chain)
        for name in atoms:
            topology.add_atom(name, mdtraj.element.Element.getBySymbol(name[0]), residue)
    places = [place for atoms in TWO_CYSTEINES for place in atoms.values()]
    return mdtraj.Trajectory(np.array([places]) / 10.0, topology)


def test_missing_bonds_are_guessed_with_a_warning(small, alanine_frames):
    path = small / "nameless.pdb"
    bare = trajectory(alanine_frames)[0]
    bare.topology._bonds = []
    for residue in bare.topology.residues:  # mdtraj knows the bonds inside residues, by name
        residue.name = "LIG"
    bare.save_pdb(str(path))
    assert not len(read_topology(path).bonds)
    with pytest.warns(UserWarning, match="0 bonds and 22 connected components; 21 bonds added by distance"):
        frames, card = source("files", topology=str(path), trajectories=str(small / "walker-0.xtc")).read()
    np.testing.assert_array_equal(frames.molecule.bonds, alanine_frames.molecule.bonds)
    assert "21 bonds added by distance" in card["processing"][0]


def test_pieces_are_joined_where_bonds_between_residues_are_missing(small, alanine_frames):
    path = small / "pieces.pdb"
    pieces = trajectory(alanine_frames)[0]
    pieces.topology._bonds = []
    for residue in pieces.topology.residues:
        residue.name = "LIG" if residue.index == 0 else residue.name
    pieces.save_pdb(str(path))
    with pytest.warns(UserWarning, match=r"added by distance .* gives one connected component: .*; check"):
        frames, _ = source("files", topology=str(path), trajectories=str(small / "walker-0.xtc")).read()
    np.testing.assert_array_equal(frames.molecule.bonds, alanine_frames.molecule.bonds)


@pytest.mark.parametrize("angle", [90.0, 75.0])
def test_molecules_are_made_whole(small, topology, alanine_frames, angle):
    whole = trajectory(alanine_frames)
    wrapped = whole[:]
    wrapped.unitcell_lengths = np.full((N_FRAMES, 3), 2.0)
    wrapped.unitcell_angles = np.full((N_FRAMES, 3), angle)
    inverse = np.linalg.inv(wrapped.unitcell_vectors[0])
    shifted = wrapped.xyz - wrapped.xyz[:, 8:9]  # a corner of the cell cuts through the middle
    wrapped.xyz = shifted - np.floor(shifted @ inverse) @ wrapped.unitcell_vectors[0]
    wrapped.save(str(small / "wrapped.trr"))
    frames, card = source("files", topology=topology, trajectories=str(small / "wrapped.trr")).read()
    internal = frames.positions - frames.positions[:, 8:9]
    np.testing.assert_allclose(internal, 10 * shifted, atol=1e-3)
    assert "joined across the periodic boundary in 6 frames" in card["processing"][0]


def test_whole_molecules_are_left_alone(small, topology, alanine_frames):
    boxed = trajectory(alanine_frames)
    boxed.unitcell_lengths = np.full((N_FRAMES, 3), 4.0)
    boxed.unitcell_angles = np.full((N_FRAMES, 3), 90.0)
    boxed.save(str(small / "boxed.trr"))
    frames, card = source("files", topology=topology, trajectories=str(small / "boxed.trr")).read()
    np.testing.assert_allclose(frames.positions, 10 * boxed.xyz, rtol=1e-6)
    assert card["processing"] == []


def test_several_molecules_stay_at_their_nearest_images(small, alanine_frames):
    """One leaves by one side of the cell and comes back by the other, all of its bonds short."""
    pair = beside_each_other(trajectory(alanine_frames), 1.0)
    pair.unitcell_lengths, pair.unitcell_angles = (
        np.full((N_FRAMES, 3), 4.0),
        np.full((N_FRAMES, 3), 90.0),
    )
    pair[0].save_pdb(str(small / "pair.pdb"))
    apart = pair.xyz[:, 22:] - pair.xyz[:, :22]
    pair.xyz[3:, 22:] -= np.array([4.0, 0.0, 0.0], dtype=np.float32)
    pair.save(str(small / "pair.trr"))
    with pytest.warns(UserWarning, match="and 2 connected components"):
        frames, card = source(
            "files", topology=str(small / "pair.pdb"), trajectories=str(small / "pair.trr")
        ).read()
    found = frames.positions[:, 22:] - frames.positions[:, :22]
    np.testing.assert_allclose(found, 10 * apart, atol=1e-3)
    assert "2 connected components were placed at the images" in card["processing"][-1]


def test_formats_without_chains_get_no_bonds_over_their_ends(small, alanine_directory):
    """A .gro file joins the last residue of a chain to the first of the next."""
    capped = mdtraj.load(str(alanine_directory.parent / "chignolin" / "topology.pdb"))
    chain = capped.atom_slice(capped.topology.select("resid 1 to 10"))
    chain.save_pdb(str(small / "one.pdb"))
    pair = beside_each_other(chain, 2.5)
    pair.unitcell_lengths, pair.unitcell_angles = np.full((1, 3), 9.0), np.full((1, 3), 90.0)
    pair.save(str(small / "pair.gro"))
    pair.save(str(small / "pair.trr"))
    with pytest.warns(
        UserWarning,
        match=r"1 bond between residues longer than 3 Å .* ends of chains, .*TYR10 C–TYR11 N; a TER",
    ):
        frames, _ = source(
            "files", topology=str(small / "pair.gro"), trajectories=str(small / "pair.trr"),
            frame_interval_ps=1,
        ).read()  # fmt: skip
    assert len(frames.molecule.bonds) == 2 * chain.topology.n_bonds
    one = len(phi_psi_atoms(read_topology(small / "one.pdb")))
    assert one == 8 and len(phi_psi_atoms(frames.molecule)) == 2 * one


# Alanine dipeptide in CHARMM: one residue, in the order of the bundled topology.
CHARMM_NAMES = "CY OY CAY HY1 HY2 HY3 N HN CA HA C O CB HB1 HB2 HB3 NT HNT CAT HT1 HT2 HT3"


@pytest.mark.parametrize("suffix", ["pdb", "gro"])
def test_caps_of_charmm_are_no_ends_of_chains(small, alanine_frames, suffix):
    """Their hydrogens HT1 to HT3 are those of N-terminal nitrogen to mdtraj."""
    one = trajectory(alanine_frames)
    charmm = mdtraj.Topology()
    residue = charmm.add_residue("ALA", charmm.add_chain())
    for name, atom in zip(CHARMM_NAMES.split(), one.topology.atoms, strict=True):
        assert name[0] == atom.element.symbol
        charmm.add_atom(name, atom.element, residue)
    path = small / f"charmm.{suffix}"
    mdtraj.Trajectory(one.xyz[0], charmm, unitcell_lengths=[[4, 4, 4]], unitcell_angles=[[90, 90, 90]]).save(
        str(path)
    )
    with pytest.warns(UserWarning, match="3 bonds dropped that only the names of atoms say"):
        frames, _ = source("files", topology=str(path), trajectories=str(small / "walker-0.xtc")).read()
    np.testing.assert_array_equal(frames.molecule.bonds, alanine_frames.molecule.bonds)


def test_bonds_between_sulphurs_are_found(small):
    """Readers know them from few formats, and the chain is in one piece without."""
    path = small / "cys.pdb"
    two_cysteines().save_pdb(str(path))
    with pytest.warns(UserWarning, match=r"1 bond added by distance .*CYS1 SG–CYS2 SG"):
        frames, _ = source("files", topology=str(path), trajectories=str(path), frame_interval_ps=1).read()
    names = np.array(frames.molecule.atom_names)
    assert ["SG", "SG"] in names[frames.molecule.bonds].tolist()


def test_ions_of_a_gro_file(small, alanine_frames):
    """To mdtraj NA is nitrogen there, and CL carbon. Sodium has no radii, so that it cannot be used."""
    whole = trajectory(alanine_frames)[0]
    for name, element in (("NA", "Na"), ("CL", "Cl")):
        topology = whole.topology.copy()
        residue = topology.add_residue(name, topology.add_chain())
        topology.add_atom(name, mdtraj.element.Element.getBySymbol(element), residue)
        xyz = np.concatenate([whole.xyz, whole.xyz[:, :1] + 1.0], axis=1)
        path = small / "ion.gro"
        mdtraj.Trajectory(xyz, topology).save(str(path))
        assert read_topology(path, "protein or resname ACE NME").n_atoms == 22
        assert read_topology(path).elements[22] == element
        if element == "Na":
            with pytest.raises(InputError, match=r"ion\.gro: no radii for element\(s\) Na \(NA4 NA\)"):
                source("files", topology=str(path), trajectories=str(path), frame_interval_ps=1).read()


def test_calcium_that_is_protein_to_mdtraj(small, alanine_frames):
    """CHARMM calls the ion CAL, which is also an amino acid. The selection of the message leaves it out."""
    one = trajectory(alanine_frames)
    topology = one.topology.copy()
    topology.add_atom("CAL", mdtraj.element.calcium, topology.add_residue("CAL", topology.add_chain()))
    with_ion = mdtraj.Trajectory(np.concatenate([one.xyz, one.xyz[:, :1] + 1.0], axis=1), topology, one.time)
    with_ion[0].save_pdb(str(small / "ion.pdb"))
    with_ion.save(str(small / "ion.xtc"))
    files = {"topology": str(small / "ion.pdb"), "trajectories": str(small / "ion.xtc")}
    with pytest.raises(InputError, match=r"ion\.pdb: no radii .* Ca \(CAL4 CAL\)") as error:
        source("files", **files, selection="protein").read()
    example = str(error.value).split("`")[3]
    frames, _ = source("files", **files, selection=f"protein and {example}").read()
    assert frames.molecule.n_atoms == 22
