"""What programs get: beads as an exported task has them, and without caps a plain Cα trace."""

from dataclasses import replace
from pathlib import Path

import mdtraj
import numpy as np
import pytest

from cgbench.chem.frames import Frames
from cgbench.core.errors import InputError
from cgbench.mapping.alpha_carbon import Generator
from cgbench.mapping.base import Mapping
from cgbench.pipeline.program_input import write_input
from prediction_helpers import Fold


@pytest.fixture
def fold(chignolin_frames: Frames) -> Fold:
    generator = Generator(Generator.Settings())
    return Fold.of(chignolin_frames, generator.generate(chignolin_frames.molecule, 12, 0, None))


def written(fold: Fold, folder: Path, caps: bool) -> dict[str, np.ndarray]:
    folder.mkdir(exist_ok=True)
    write_input(folder, fold.frames, fold.split, fold.mapping, fold.split.test[3:5], caps=caps)
    return dict(np.load(folder / "beads.npz"))


@pytest.mark.parametrize("caps", [True, False])
def test_all_files_have_the_same_beads(caps: bool, fold: Fold, tmp_path: Path) -> None:
    arrays = written(fold, tmp_path, caps)
    beads = fold.mapping.beads(fold.truth[3:5])[:, slice(None) if caps else slice(1, 11)]
    np.testing.assert_allclose(arrays["beads"], beads, atol=1e-5)
    for name in ("beads.pdb", "beads.xtc"):
        read = mdtraj.load(str(tmp_path / name), top=str(tmp_path / "beads.pdb"))
        assert np.abs(10 * read.xyz - beads).max() < 0.006, "rounded to 0.01 Å"
    topology = mdtraj.load(str(tmp_path / "topology.pdb"))
    assert arrays["matrix"].shape == (beads.shape[1], topology.n_atoms)
    atoms = 10 * topology.xyz[0]
    np.testing.assert_allclose(arrays["matrix"] @ atoms, atoms[arrays["matrix"].argmax(axis=1)], atol=1e-5)
    np.testing.assert_array_equal(np.unique(arrays["bead_index"]), np.arange(beads.shape[1]))


def test_without_caps_beads_are_a_trace_of_standard_residues(fold: Fold, tmp_path: Path) -> None:
    """Also if the force field names protonation states."""
    molecule = fold.frames.molecule
    renamed = tuple("ASH" if name == "ASP" else name for name in molecule.residue_names)
    fold = replace(fold, frames=replace(fold.frames, molecule=replace(molecule, residue_names=renamed)))
    written(fold, tmp_path, caps=False)
    lines = (tmp_path / "beads.pdb").read_text().splitlines()
    first = lines[lines.index("MODEL        0") + 1 : lines.index("ENDMDL")]
    assert [line[17:20] for line in first[:-1]] == [
        "TYR",
        "TYR",
        "ASP",
        "PRO",
        "GLU",
        "THR",
        "GLY",
        "THR",
        "TRP",
        "TYR",
    ]
    assert {line[12:16] for line in first[:-1]} == {" CA "}
    assert first[-1].startswith("TER")


def test_chains_are_told_apart(fold: Fold, tmp_path: Path) -> None:
    """Two chains where the bond between residues 5 and 6 is missing."""
    molecule = fold.frames.molecule
    residues = molecule.residue_index[molecule.bonds]
    bonds = molecule.bonds[(residues != [5, 6]).any(axis=1)]
    assert len(bonds) == len(molecule.bonds) - 1
    fold = replace(fold, frames=replace(fold.frames, molecule=replace(molecule, bonds=bonds)))
    written(fold, tmp_path, caps=False)
    for name, models in (("beads.pdb", 2), ("topology.pdb", 1)):
        text = (tmp_path / name).read_text()
        assert text.count("TER") == 2 * models, name


def test_beads_of_caps_and_other_residues_at_once_cannot_leave_them_out(fold: Fold, tmp_path: Path) -> None:
    index = np.maximum(fold.frames.molecule.residue_index - 1, 0)
    fold = replace(fold, mapping=Mapping.centres(index))
    with pytest.raises(InputError, match=r"`caps: false`, but 1 of 11 beads have atoms of caps and of other"):
        written(fold, tmp_path, caps=False)
