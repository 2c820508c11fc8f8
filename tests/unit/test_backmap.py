"""A user's own beads through a trained model."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cgbench.chem.frames import Frames
from cgbench.chem.topology_io import read_topology
from cgbench.cli.main import app
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.mapping.base import Mapping
from cgbench.methods.base import TrainingContext
from cgbench.pipeline.backmap import backmap
from cgbench.pipeline.bead_source import open_beads, read_beads


@pytest.fixture
def model(alanine_frames: Frames, three_beads: Mapping, tmp_path: Path) -> Path:
    method = PlugIn.from_json("methods", '{"use": "linear"}').create(three_beads, alanine_frames.molecule)
    method.fit(alanine_frames.positions, alanine_frames.positions[:5], TrainingContext(seed=0))
    method.save(tmp_path / "model.pt")
    return tmp_path / "model.pt"


def test_samples_lie_on_the_beads_and_the_pdb_is_their_topology(
    model: Path, alanine_frames: Frames, three_beads: Mapping, tmp_path: Path
) -> None:
    beads = three_beads.beads(alanine_frames.positions[:4])
    np.save(tmp_path / "beads.npy", beads)
    backmap(model, read_beads(tmp_path / "beads.npy"), tmp_path / "atoms.npz", n_samples=2)
    samples = np.load(tmp_path / "atoms.npz")["samples"]
    assert samples.shape == (4, 2, 22, 3)
    np.testing.assert_allclose(three_beads.beads(samples), beads[:, None].repeat(2, axis=1), atol=1e-4)
    assert read_topology(tmp_path / "atoms.pdb").n_atoms == 22


def test_beads_are_not_written_over(
    model: Path, alanine_frames: Frames, three_beads: Mapping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    atom = "ATOM      {0}  CA  ALA A   {0}    {1:8.3f}   0.000   0.000  1.00  0.00           C\n"
    beads = "".join(atom.format(i + 1, 3.8 * i) for i in range(3)) + "END\n"
    Path("cg.pdb").write_text(beads)
    arguments = ["backmap", str(model), "--beads", str(tmp_path / "cg.pdb"), "--output"]
    refused = CliRunner().invoke(app, [*arguments, "cg.npz"])
    assert refused.exit_code != 0 and isinstance(refused.exception, InputError | SystemExit)
    assert Path("cg.pdb").read_text() == beads and not Path("cg.npz").exists()
    said = CliRunner().invoke(app, [*arguments, "atoms.npz"])
    assert said.exit_code == 0 and "1 frame of 3 beads" in said.output and "atoms.pdb" in said.output
    assert Path("cg.pdb").read_text() == beads and Path("atoms.pdb").exists()


def test_a_missing_pdb_is_no_topology(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.pdb: no such file; check the path$"):
        open_beads(tmp_path / "absent.pdb")


def test_one_frame_needs_no_frame_axis(tmp_path: Path) -> None:
    np.save(tmp_path / "beads.npy", np.zeros((3, 3)))
    assert read_beads(tmp_path / "beads.npy").shape == (1, 3, 3)


def test_pdb_beads_are_in_angstrom(tmp_path: Path) -> None:
    atom = "ATOM      {0}  CA  ALA A   {0}    {1:8.3f}   0.000   0.000  1.00  0.00           C\n"
    (tmp_path / "beads.pdb").write_text("".join(atom.format(i + 1, 3.8 * i) for i in range(3)) + "END\n")
    beads = open_beads(tmp_path / "beads.pdb").frames.sample.positions
    np.testing.assert_allclose(beads[0, :, 0], [0, 3.8, 7.6], atol=1e-3)


def test_unusable_beads_are_refused(tmp_path: Path) -> None:
    for name, array, said in (
        ("flat.npy", np.zeros((4, 9)), r"shape \(4, 9\)"),
        ("whole.npy", np.zeros((4, 3, 3), dtype=int), "int64"),
        ("hole.npy", np.full((4, 3, 3), np.nan), "NaN"),
        ("none.npy", np.zeros((0, 3, 3)), "no frames"),
    ):
        np.save(tmp_path / name, array)
        with pytest.raises(InputError, match=said):
            read_beads(tmp_path / name)
    (tmp_path / "text.npy").write_text("not an array")
    (tmp_path / "cg.xtc").touch()
    for name, said in (
        ("text.npy", "not a numpy array"),
        ("absent.npy", "no such"),
        ("cg.xtc", "no names of beads; give --topology"),
    ):
        with pytest.raises(InputError, match=said):
            open_beads(tmp_path / name)


def test_another_number_of_beads_is_refused(model: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="trained on 3 beads, these frames have 4"):
        backmap(model, np.zeros((1, 4, 3), dtype=np.float32), tmp_path / "atoms.npz")
    assert not (tmp_path / "atoms.npz").exists()


@pytest.mark.parametrize(
    ("beads", "said"), [(np.zeros((0, 3, 3)), "no frames"), (np.full((2, 3, 3), np.nan), "NaN")]
)
def test_unusable_arrays_write_nothing(model: Path, beads: np.ndarray, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        backmap(model, beads.astype(np.float32), tmp_path / "atoms.npz")
    assert not list(tmp_path.glob("atoms.*"))
