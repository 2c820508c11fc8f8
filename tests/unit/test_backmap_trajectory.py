"""Trajectories of beads through a trained model."""

from pathlib import Path

import mdtraj
import numpy as np
import pytest
from typer.testing import CliRunner

from cgbench.chem.frame_stream import FrameStream
from cgbench.chem.frames import Frames
from cgbench.chem.topology_io import read_topology
from cgbench.cli.main import app
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.mapping._bead_molecule import bead_molecule
from cgbench.mapping.base import Mapping
from cgbench.methods.base import TrainingContext
from cgbench.pipeline import backmap as pipeline
from cgbench.pipeline.backmap import backmap
from cgbench.pipeline.bead_source import open_beads

BOX = 12.0  # Å
N_FRAMES = 7


@pytest.fixture(scope="module")
def mapping(alanine_frames: Frames) -> Mapping:
    generator = PlugIn.from_json("mapping", '{"use": "calpha_sidechain"}').create()
    made: Mapping = generator.generate(alanine_frames.molecule, 4, 0)
    return made


@pytest.fixture
def model(alanine_frames: Frames, mapping: Mapping, tmp_path: Path) -> Path:
    method = PlugIn.from_json("methods", '{"use": "nearest_frame"}').create(mapping, alanine_frames.molecule)
    method.fit(alanine_frames.positions, alanine_frames.positions[:5], TrainingContext(seed=0))
    method.save(tmp_path / "model.pt")
    return tmp_path / "model.pt"


@pytest.fixture
def beads(alanine_frames: Frames, mapping: Mapping) -> np.ndarray:
    found: np.ndarray = mapping.beads(alanine_frames.positions[:N_FRAMES])
    return found - found.mean(axis=(1, 2), keepdims=True)


@pytest.fixture
def trajectory(alanine_frames: Frames, mapping: Mapping, beads: np.ndarray, tmp_path: Path) -> Path:
    """XTC in a box that cuts the molecule, with beads in reversed order; ``cg.gro`` has their names."""
    labels, topology = bead_molecule(mapping, alanine_frames.molecule), mdtraj.Topology()
    chain, residues = topology.add_chain(), {}
    for bead in reversed(range(4)):
        number = int(labels.residue_index[bead])
        if number not in residues:
            residues[number] = topology.add_residue(labels.residue_names[bead], chain, resSeq=number + 1)
        topology.add_atom(labels.atom_names[bead], mdtraj.element.virtual, residues[number])
    frames = mdtraj.Trajectory(np.mod(beads, BOX)[:, ::-1] / 10, topology)
    frames.unitcell_vectors = np.tile(np.eye(3) * BOX / 10, (N_FRAMES, 1, 1))
    frames.save_xtc(str(tmp_path / "cg.xtc"))
    frames[0].save_gro(str(tmp_path / "cg.gro"))
    return tmp_path / "cg.xtc"


def read_atoms(path: Path) -> np.ndarray:
    positions: np.ndarray = mdtraj.load(str(path), top=str(path.with_suffix(".pdb"))).xyz * 10
    return positions


@pytest.mark.parametrize("suffix", [".xtc", ".dcd", ".pdb"])
def test_atoms_are_on_the_beads_and_whole(
    suffix: str, model: Path, trajectory: Path, mapping: Mapping, beads: np.ndarray, tmp_path: Path
) -> None:
    output = tmp_path / f"atoms{suffix}"
    with pytest.warns(UserWarning, match="has no ranges"):
        notes = backmap(model, open_beads(trajectory, tmp_path / "cg.gro"), output, n_samples=2)
    assert notes[0] == "beads are matched by chain, residue and name"
    assert "joined to whole molecules" in notes[-1]
    atoms = read_atoms(output)
    assert atoms.shape == (2 * N_FRAMES, 22, 3)
    found = mapping.beads(atoms[::2].astype(np.float64))
    shift = found[:, :1] - beads[:, :1]
    # The unit of the last digit of XTC is 0.01 Å, in the beads and in the atoms.
    np.testing.assert_allclose(found - shift, beads, atol=0.04)


def test_the_topology_has_all_bonds(model: Path, trajectory: Path, tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="has no ranges"):
        backmap(model, open_beads(trajectory, tmp_path / "cg.gro"), tmp_path / "atoms.xtc")
    lines = (tmp_path / "atoms.pdb").read_text().splitlines()
    records = [line.split() for line in lines if line.startswith("CONECT")]
    pairs = {(int(first), int(other)) for _, first, *others in records for other in others}
    bonds = {(i + 1, j + 1) for i, j in read_topology(tmp_path / "atoms.pdb").bonds.tolist()}
    assert pairs == bonds | {(j, i) for i, j in bonds}
    assert lines[-1] == "END"


def test_chunks_hold_all_frames(
    model: Path, trajectory: Path, mapping: Mapping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks of three frames; the last is incomplete."""
    monkeypatch.setattr(pipeline, "CHUNK_BYTES", 3 * 12 * 22 + 5)
    with pytest.warns(UserWarning, match="has no ranges"):
        backmap(model, open_beads(trajectory, tmp_path / "cg.gro"), tmp_path / "atoms.npz")
    samples = np.load(tmp_path / "atoms.npz")["samples"]
    assert samples.shape == (N_FRAMES, 1, 22, 3)
    distances = np.linalg.norm(np.diff(mapping.beads(samples[:, 0]), axis=1), axis=-1)
    assert (distances < BOX / 2).all() and (distances > 1).all()


def test_minimisation_lowers_the_energy_and_holds_the_beads(
    model: Path, trajectory: Path, mapping: Mapping, alanine_frames: Frames, tmp_path: Path
) -> None:
    from cgbench.chem.force_field import energies_per_atom

    force_field = ("amber99sbildn.xml",)
    energies = []
    for minimise in (False, True):
        with pytest.warns(UserWarning, match="has no ranges"):
            notes = backmap(
                model,
                open_beads(trajectory, tmp_path / "cg.gro"),
                tmp_path / "atoms.npz",
                minimise=minimise,
                force_field=force_field,
            )
        samples = np.load(tmp_path / "atoms.npz")["samples"][:, 0]
        energies.append(energies_per_atom(samples, alanine_frames.molecule, force_field))
    assert (energies[1] < energies[0]).all()
    assert "restraints on the beads, which moved by 0.0" in notes[-1]


def test_the_command_says_what_it_did(model: Path, trajectory: Path, tmp_path: Path) -> None:
    names, output = str(tmp_path / "cg.gro"), str(tmp_path / "atoms.xtc")
    command = ["backmap", str(model), "--beads", str(trajectory), "--topology", names, "--output", output]
    with pytest.warns(UserWarning, match="has no ranges"):
        said = CliRunner().invoke(app, command)
    assert said.exit_code == 0, said.output
    assert "7 frames of 4 beads" in said.output and "matched by chain, residue and name" in said.output


def test_a_truncated_trajectory_writes_nothing(model: Path, trajectory: Path, tmp_path: Path) -> None:
    trajectory.write_bytes(trajectory.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"cg\.xtc: cannot be read as a trajectory of 4 atoms: .*incomplete"):
        open_beads(trajectory, tmp_path / "cg.gro")


def test_another_format_of_output_is_refused(model: Path, trajectory: Path, tmp_path: Path) -> None:
    with (
        pytest.warns(UserWarning, match="has no ranges"),
        pytest.raises(InputError, match=r"atoms\.trr: cannot be written .* \.xtc, \.dcd, \.pdb, \.npz"),
    ):
        backmap(model, open_beads(trajectory, tmp_path / "cg.gro"), tmp_path / "atoms.trr")


def test_a_sample_of_evenly_spaced_frames_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trajectory: Path
) -> None:
    monkeypatch.setattr("cgbench.chem.frame_stream.SAMPLE_FRAMES", 3)
    stream = FrameStream.open(trajectory, tmp_path / "cg.gro")
    whole = np.concatenate([chunk.positions for chunk in stream.chunks(2)])
    assert stream.n_frames == len(whole) == N_FRAMES
    np.testing.assert_array_equal(stream.sample.positions, whole[::4])
