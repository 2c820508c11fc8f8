"""`cgbench check`: files of any format, output files, beads, and exit status."""

import csv
import json
import sys

import mdtraj
import numpy as np
import pytest
from peptide_helpers import atom

from cgbench.chem.frame_writer import frame_writer
from cgbench.chem.mdtraj_topology import molecule_to_mdtraj
from cgbench.chem.trajectory_io import write_pdb
from cgbench.cli.main import main
from cgbench.core.errors import InputError
from cgbench.mapping._bead_molecule import bead_molecule
from cgbench.mapping.alpha_carbon import Generator
from cgbench.mapping.base import MappingGenerator
from cgbench.pipeline.checks.run import check_structure
from cgbench.pipeline.checks.structure import open_structure


@pytest.fixture(scope="module")
def frames(chignolin_frames):
    """Molecule, and three MD frames of which the second has a hydrogen 1 Å too far away."""
    positions = chignolin_frames.positions[:3].copy()
    hydrogen, oxygen = (atom(chignolin_frames.molecule, f"TYR2 {name}") for name in ("HH", "OH"))
    positions[1, hydrogen] += positions[1, hydrogen] - positions[1, oxygen]
    return chignolin_frames.molecule, positions


def run(monkeypatch, capsys, *arguments):
    """Exit status and output of the command."""
    monkeypatch.setattr(sys, "argv", ["cgbench", "check", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    printed = capsys.readouterr()
    return stopped.value.code or 0, printed.out + printed.err


def test_exit_status_and_files(frames, tmp_path, monkeypatch, capsys) -> None:
    molecule, positions = frames
    good, bad = tmp_path / "good.pdb", tmp_path / "bad.pdb"
    write_pdb(good, positions[0], molecule)
    with frame_writer(bad, molecule, 3, 1) as write:
        write(positions[:, None], None)
    status, text = run(monkeypatch, capsys, good)
    assert status == 0 and "1 frame of 175 atoms: PASS" in text
    outputs = [tmp_path / "all.json", tmp_path / "all.csv"]
    status, text = run(monkeypatch, capsys, bad, "--output", outputs[0], "--output", outputs[1])
    assert status == 1
    assert "3 frames of 175 atoms: FAIL: bonds; a check fails in 1 of 3 frames" in text
    stored = json.loads(outputs[0].read_text())
    assert stored["passed"] is False and stored["frames_failed"] == 1
    (bonds,) = [check for check in stored["checks"] if check["check"] == "bonds"]
    assert bonds["frames_failed"] == 1 and not bonds["passed"]
    (failure,) = bonds["failures"]
    assert (failure["atoms"], failure["residue"], failure["frame"]) == ("TYR2 OH–HH", "TYR2", 1)
    assert failure["low"] < failure["high"] < failure["value"]
    rows = {row["check"]: row for row in csv.DictReader(outputs[1].open())}
    assert rows["bonds"]["passed"] == "False" and rows["bonds"]["atoms"] == "TYR2 OH–HH"
    assert rows["chirality"]["passed"] == "True" and float(rows["chirality"]["value"]) > 1
    assert rows["chirality"]["frame"] in {"0", "1", "2"}


def test_mistakes(frames, tmp_path, monkeypatch, capsys) -> None:
    molecule, positions = frames
    path, trajectory = tmp_path / "good.pdb", tmp_path / "frames.xtc"
    write_pdb(path, positions[0], molecule)
    trajectory.write_bytes(b"")
    for arguments, message in (
        (["no.pdb"], "no.pdb: no such file; check the path"),
        ([trajectory], "frames.xtc: has no names of atoms; give --topology"),
        ([path, "--output", path], "cannot be written in this format; give a name that ends in .json, .csv"),
        ([path, "--mapping", "martini3"], "give --beads as well"),
        ([path, "--selection", "water"], "no atom matches selection 'water'"),
        ([path, "--beads", path, "--mapping", "unknown"], "--mapping unknown: unknown; give one of"),
    ):
        status, text = run(monkeypatch, capsys, *arguments)
        assert status == 2 and message in text


@pytest.mark.parametrize("suffix", [".gro", ".xtc"])
def test_other_formats(frames, suffix, tmp_path) -> None:
    molecule, positions = frames
    path, topology = tmp_path / f"frames{suffix}", tmp_path / "topology.pdb"
    write_pdb(topology, positions[0], molecule)
    mdtraj.Trajectory(positions / 10, molecule_to_mdtraj(molecule)).save(str(path))
    report = check_structure(path, topology=topology if suffix == ".xtc" else None)
    assert report.structure.frames.n_frames == 3
    assert [each.frame for each in report.result("bonds").failures] == [1]


def with_records(path, atoms):
    """Add atoms, each with its name, residue and element, to a PDB file; they are far from all others."""
    lines = [line for line in path.read_text().splitlines() if line.startswith(("ATOM", "HETATM", "TER"))]
    for serial, (name, residue, element) in enumerate(atoms, start=177):
        number = 100 + [residue for _, residue, _ in atoms].index(residue)
        lines.append(
            f"HETATM{serial:5d} {name:>2s}   {residue:>3s} B{number:4d}    "
            f"{99.0:8.3f}{99.0:8.3f}{3.0 * serial:8.3f}  1.00  0.00          {element:>2s}"
        )
    path.write_text("\n".join([*lines, "END", ""]))


def test_water_and_ions_are_left_out(frames, tmp_path) -> None:
    molecule, positions = frames
    path = tmp_path / "solvated.pdb"
    write_pdb(path, positions[0], molecule)
    with_records(path, [("O", "HOH", "O"), ("NA", "NA", "NA")])
    report = check_structure(path)
    assert report.passed and report.structure.molecule.n_atoms == molecule.n_atoms
    assert "2 atoms not checked" in " ".join(report.notes)


def test_a_gap_is_an_open_end_and_no_long_bond(frames, tmp_path) -> None:
    molecule, positions = frames
    path = tmp_path / "gap.pdb"
    write_pdb(path, positions[0], molecule)
    kept = [line for line in path.read_text().splitlines(keepends=True) if line[17:26] not in ("GLU A   6",)]
    path.write_text("".join(line for line in kept if not line.startswith("CONECT")))
    report = check_structure(path)
    assert [result.check for result in report.results if not result.passed] == ["termini"]
    assert [report.structure.residue(each.atoms[0]) for each in report.result("termini").failures] == [
        "PRO5",
        "THR7",
    ]
    assert "no bond between chains, or across a gap: PRO5 C–THR7 N" in report.notes


def beads_of(molecule, positions, path, generator: MappingGenerator):
    n_beads = int(molecule.residue_index[-1]) + 1
    mapping = generator.generate(molecule, n_beads, 0)
    beads = mapping.beads(positions)
    with frame_writer(path, bead_molecule(mapping, molecule), len(positions), 1) as write:
        write(beads[:, None].astype(np.float32), None)
    return beads


def test_bead_drift(frames, tmp_path) -> None:
    molecule, positions = frames
    path, beads = tmp_path / "atoms.pdb", tmp_path / "beads.pdb"
    moved = positions[[0, 0, 2, 2]].copy()
    moved[3, molecule.residue_index == 6] += [0.5, 0.0, 0.0]
    with frame_writer(path, molecule, 4, 1) as write:
        write(moved[:, None], None)
    beads_of(molecule, positions[[0, 2]], beads, Generator(Generator.Settings()))
    drift = check_structure(path, beads=beads).result("bead_drift")
    assert (drift.n_examined, drift.n_frames) == (12, 1)
    (found,) = drift.failures
    assert found.frame == 3 and found.value == pytest.approx(0.5, abs=0.01)
    assert open_structure(path).place(found.atoms) == "THR7 CA"


def test_beads_that_do_not_fit(frames, tmp_path) -> None:
    molecule, positions = frames
    path, beads = tmp_path / "atoms.pdb", tmp_path / "beads.pdb"
    write_pdb(path, positions[0], molecule)
    beads_of(molecule, positions[[0, 2]], beads, Generator(Generator.Settings()))
    with pytest.raises(InputError, match=r"beads\.pdb: 2 frames, but .*atoms\.pdb has 1; give one frame"):
        check_structure(path, beads=beads)
    beads_of(molecule, positions[:1], beads, Generator(Generator.Settings()))
    with pytest.raises(
        InputError, match=r"beads\.pdb: calpha_sidechain at resolution 12: .*; give --mapping"
    ):
        check_structure(path, beads=beads, mapping="calpha_sidechain")


def test_an_element_without_a_radius_is_named(frames, tmp_path) -> None:
    molecule, positions = frames
    path = tmp_path / "heme.pdb"
    write_pdb(path, positions[0], molecule)
    with_records(path, [("FE", "HEM", "FE"), ("NA", "HEM", "N")])
    with pytest.raises(InputError, match=r"heme\.pdb: no radius is known for Fe; leave .* --selection"):
        check_structure(path)
    assert check_structure(path, selection="not resname HEM").passed


def test_a_reference_of_another_molecule(frames, alanine_directory, tmp_path) -> None:
    molecule, positions = frames
    path = tmp_path / "atoms.pdb"
    write_pdb(path, positions[0], molecule)
    assert check_structure(path, reference=path).passed
    with pytest.raises(InputError, match=r"topology\.pdb: the residues ACE0, ALA1, NME2 are not a part of"):
        check_structure(path, reference=alanine_directory / "topology.pdb")


def test_ubiquitin_passes_but_for_one_peptide_bond(shared_data) -> None:
    folder = shared_data / "ubiquitin_ensemble"
    report = check_structure(folder / "2k39.xtc", topology=folder / "2k39.pdb")
    assert [result.check for result in report.results if not result.passed] == ["twisted_peptides"]
    assert report.result("twisted_peptides").n_frames == 2


def test_a_folded_chignolin_passes(shared_data) -> None:
    assert check_structure(shared_data / "chignolin_structure" / "chig.pdb").passed
