import json
import re
from dataclasses import replace

import mdtraj
import numpy as np
import pytest

import cgbench
from cgbench.chem.force_field import energies_per_atom, force_field_of
from cgbench.chem.frames import Frames
from cgbench.chem.mdtraj_topology import molecule_to_mdtraj
from cgbench.chem.topology_io import read_topology
from cgbench.core import registry
from cgbench.core.atomic_io import sha256
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.data.prepare import composition, prepare, residues, without_backbone

N_FRAMES = 8


def plug_in(**settings):
    return PlugIn.parse("sources", "mine", "files", settings, "config")


@pytest.fixture
def folder(alanine_frames, tmp_path):
    """A topology and one trajectory in which frame 3 is a copy of frame 2."""
    xyz = alanine_frames.positions[:N_FRAMES] / 10.0
    xyz[3] = xyz[2]
    trajectory = mdtraj.Trajectory(
        xyz, molecule_to_mdtraj(alanine_frames.molecule), time=np.arange(N_FRAMES) * 5.0
    )
    trajectory.save(str(tmp_path / "t.xtc"))
    trajectory[0].save(str(tmp_path / "t.pdb"))
    return tmp_path


def test_frames_topology_and_card_are_written(folder, alanine):
    files = {"topology": str(folder / "t.pdb"), "trajectories": str(folder / "t.xtc")}
    prepare(plug_in(**files, title="Mine", licence="CC0"), folder / "out")
    frames = Frames.load(folder / "out" / "frames.npz")
    card = json.loads((folder / "out" / "card.json").read_text())
    assert read_topology(folder / "out" / "topology.pdb").elements == alanine.elements
    assert len(frames) == card["n_frames"] == N_FRAMES - 1
    assert card["duplicate_frames_dropped"] == 1
    assert 15.0 not in frames.time
    assert card["trajectories"] == [
        {"file": files["trajectories"], "n_frames": N_FRAMES - 1, "first_ps": 0.0, "last_ps": 35.0}
    ]
    assert card["inputs"] == {path: sha256(path) for path in files.values()}
    assert (card["title"], card["licence"]) == ("Mine", "CC0")
    assert card["composition"] == "C6 H12 N2 O2"
    assert card["prepared_by"] == f"cgbench {cgbench.__version__}"
    assert card["correlation_time_ps"] > 0


@pytest.mark.parametrize("damage", ["truncated", "absent", "backwards", "element"])
def test_nothing_is_written_on_bad_input(folder, damage):
    path = folder / "t.xtc"
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-10])
        message = "truncated"
    elif damage == "absent":
        path.unlink()
        message = "no such trajectory"
    elif damage == "element":
        topology = (folder / "t.pdb").read_text()
        (folder / "t.pdb").write_text(re.sub(r" O(  )$", r"XE\1", topology, flags=re.MULTILINE))
        message = r"t\.pdb: atom 1 \(ACE1-O\) is Xe in the file, but O by its name"
    else:
        path.write_bytes(2 * path.read_bytes())
        message = r"t\.xtc: a frame at 0\.0 ps follows one at 35\.0 ps\. .*\[\[part1.* frame_interval_ps"
    with pytest.raises(InputError, match=message):
        prepare(plug_in(topology=str(folder / "t.pdb"), trajectories=str(path)), folder / "out")
    assert not (folder / "out").exists()


def test_one_frame_is_too_few(folder):
    files = {"topology": str(folder / "t.pdb"), "trajectories": str(folder / "t.xtc")}
    with pytest.raises(InputError, match=r"one frame is left of 1 after `stride` and without 0 dup"):
        prepare(plug_in(**files, stride=100), folder / "out")
    assert not (folder / "out").exists()


def test_frame_interval_mends_time_that_runs_backwards(folder):
    path = folder / "t.xtc"
    trajectory = mdtraj.load(str(path), top=str(folder / "t.pdb"))
    trajectory.time = trajectory.time[::-1]
    trajectory.save(str(path))
    settings = {"topology": str(folder / "t.pdb"), "trajectories": str(path), "frame_interval_ps": 5}
    prepare(plug_in(**settings), folder / "out")
    assert Frames.load(folder / "out" / "frames.npz").time.tolist() == [0, 5, 10, 20, 25, 30, 35]


def test_nanometres_in_a_format_with_angstrom_are_refused(folder):
    xyz = mdtraj.load(str(folder / "t.xtc"), top=str(folder / "t.pdb")).xyz
    with mdtraj.formats.DCDTrajectoryFile(str(folder / "t.dcd"), "w") as handle:
        handle.write(xyz)
    settings = {"topology": str(folder / "t.pdb"), "trajectories": str(folder / "t.dcd")}
    with pytest.raises(InputError, match=r"t\.dcd, frame 0 .* has nm where its format has Å"):
        prepare(plug_in(**settings, frame_interval_ps=5), folder / "out")
    assert not (folder / "out").exists()


def test_atoms_in_another_order_are_refused(folder):
    trajectory = mdtraj.load(str(folder / "t.xtc"), top=str(folder / "t.pdb"))
    trajectory.xyz = trajectory.xyz[:, ::-1]
    trajectory.save(str(folder / "reversed.xtc"))
    settings = {"topology": str(folder / "t.pdb"), "trajectories": str(folder / "reversed.xtc")}
    with pytest.raises(
        InputError, match=r"reversed\.xtc, frame 0 .* 1\. .*another order than in the traject"
    ):
        prepare(plug_in(**settings), folder / "out")
    assert not (folder / "out").exists()


def test_what_trajectories_share_and_which_bonds_are_stretched_is_on_the_card(folder):
    trajectory = mdtraj.load(str(folder / "t.xtc"), top=str(folder / "t.pdb"))
    hydrogen, carbon = (
        next(atom.index for atom in trajectory.topology.atoms if atom.name == name) for name in ("HA", "CA")
    )
    for number, rows in enumerate(([0, 1, 2], [0, 4, 5], [6, 7])):
        part = trajectory[rows]
        part.xyz[-1, hydrogen] += 0.15 * (part.xyz[-1, hydrogen] - part.xyz[-1, carbon]) * (number == 2)
        part.save(str(folder / f"part-{number}.xtc"))
    settings = {"topology": str(folder / "t.pdb"), "trajectories": str(folder / "part-*.xtc")}
    with pytest.warns(UserWarning) as warned:
        prepare(plug_in(**settings), folder / "out")
    said = [str(warning.message) for warning in warned]
    card = json.loads((folder / "out" / "card.json").read_text())
    note = f"{folder}/part-1.xtc: dropped frames that {folder}/part-0.xtc has already (0 ps)"
    assert card["processing"] == [note] and note in said
    assert [row["n_frames"] for row in card["trajectories"]] == [3, 2, 2]
    assert card["bond_check"]["frames_outside_rule"] == 1
    assert any(text.startswith("1 of 8 frames (12.5 %) have a bond outside") for text in said)


def test_bundled_folder(alanine_directory, tmp_path):
    source = PlugIn.parse("sources", "x", "bundled", {"directory": str(alanine_directory), "stride": 100}, "")
    prepare(source, tmp_path)
    card = json.loads((tmp_path / "card.json").read_text())
    frames = Frames.load(tmp_path / "frames.npz")
    assert card["n_trajectories"] == len(card["trajectories"]) >= 3
    assert sum(row["n_frames"] for row in card["trajectories"]) == len(frames) == card["n_frames"]
    assert card["force_field"]


FORCE_FIELD = ["amber99sbildn.xml", "amber99_obc.xml"]


@pytest.mark.slow
def test_a_force_field_goes_to_the_card_and_energies_apply(folder, alanine):
    files = {"topology": str(folder / "t.pdb"), "trajectories": str(folder / "t.xtc")}
    prepare(plug_in(**files), folder / "without")
    assert force_field_of(folder / "without" / "card.json") == ()
    prepare(plug_in(**files, openmm_force_field=FORCE_FIELD), folder / "out")
    named = force_field_of(folder / "out" / "card.json")
    assert named == tuple(FORCE_FIELD)
    assert registry.load("metrics", "energy_raw_median")().applies(alanine, named)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("absent.xml", r"openmm_force_field: force field absent\.xml: .*; name files that come with OpenMM"),
        (
            "tip3p.xml",
            r"openmm_force_field: force field tip3p\.xml: .*ACE.*; name files that come with OpenMM",
        ),
        ("AMBER", r"'openmm_force_field' has value 'AMBER': String should match pattern"),
    ],
)
def test_a_force_field_that_is_none_of_the_molecule_is_refused(folder, named, message):
    files = {"topology": str(folder / "t.pdb"), "trajectories": str(folder / "t.xtc")}
    with pytest.raises(InputError, match=message):
        prepare(plug_in(**files, openmm_force_field=named), folder / "out")
    assert not (folder / "out").exists()


def test_real_explicit_format_trajectory(shared_data, tmp_path):
    folder = shared_data / "alanine_dipeptide_real"
    if not folder.is_dir():
        pytest.skip("no alanine_dipeptide_real there")
    files = {"topology": str(folder / "ala2.prmtop"), "trajectories": str(folder / "ala2.md.nc")}
    prepare(plug_in(**files, openmm_force_field=FORCE_FIELD), tmp_path)
    card = json.loads((tmp_path / "card.json").read_text())
    assert (card["n_atoms"], card["n_bonds"], card["n_frames"]) == (22, 21, 10000)
    assert card["processing"] == []
    assert 5 < card["correlation_time_ps"] < 50
    assert not card["correlation_time_is_lower_bound"]
    # Its frames are at home in this force field: they are thermal, 1.5 kT per atom above a minimum at most.
    some = Frames.load(tmp_path / "frames.npz")
    force_field = force_field_of(tmp_path / "card.json")
    raw, minimised = (
        energies_per_atom(some.positions[::1000], some.molecule, force_field, minimised=whether)
        for whether in (False, True)
    )
    assert 0.5 < (raw - minimised).mean() < 1.5 * 2.494


def test_residues_without_a_backbone_are_said(alanine):
    assert residues(alanine) == ["ACE", "ALA", "NME"]
    assert without_backbone(alanine) == ["ACE", "NME"]
    modified = replace(alanine, residue_names=tuple(n.replace("ALA", "SEP") for n in alanine.residue_names))
    assert without_backbone(modified) == ["ACE", "NME"]
    ligand = replace(modified, atom_names=tuple(n.replace("CA", "C1") for n in alanine.atom_names))
    assert without_backbone(ligand) == ["ACE", "NME", "SEP"]


def test_composition_is_in_hill_order(alanine):
    assert composition(alanine) == "C6 H12 N2 O2"
