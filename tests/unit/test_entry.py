"""Predictions become a run like any other, and say how far their beads moved and which atoms they lack."""

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cgbench.chem.frames import Frames
from cgbench.chem.mdtraj_topology import molecule_to_mdtraj
from cgbench.config.run_matrix import RunSpec
from cgbench.core.atomic_io import read_json, sha256
from cgbench.core.errors import InputError
from cgbench.data.sources.bundled import BundledSettings, Source
from cgbench.mapping.base import Mapping
from cgbench.pipeline.entry import Entered, enter
from cgbench.pipeline.predictions import read_predictions
from cgbench.pipeline.score import score
from cgbench.results.samples_file import Samples
from cgbench.results.tables import read_run
from prediction_helpers import CARD, Fold, pdb, renamed, write

RESOURCES = Path(__file__).parents[2] / "workflow/resources"
RUN = RunSpec("alanine", "residues", 3, "theirs", 1)
# The numbers 1 and 2 of CHARMM for the hydrogens 3 and 2 of the PDB, and those of GROMACS for 2 and 3.
CHARMM = {"HB3": "HB1", "HG3": "HG1", "HD3": "HD1", "GLY HA3": "HA1"}
GROMACS = {"HB2": "HB1", "HB3": "HB2", "HG2": "HG1", "HG3": "HG2"} | {
    "PRO HD2": "HD1",
    "PRO HD3": "HD2",
    "GLY HA2": "HA1",
    "GLY HA3": "HA2",
}


@pytest.fixture
def fold(alanine_frames: Frames, three_beads: Mapping) -> Fold:
    return Fold.of(alanine_frames, three_beads)


@pytest.fixture(scope="module")
def chignolin() -> Frames:
    return Source(BundledSettings(directory=str(RESOURCES / "chignolin"), stride=100)).read()[0]


def entered(fold: Fold, path: Path, folder: Path, topology: Path | None = None, **options: Any) -> Entered:
    options = {"n_samples": 4, "card": CARD} | options
    read = read_predictions(path, fold.frames.molecule, len(fold.split.test), topology)
    return enter(read, fold.frames, fold.split, fold.mapping, RUN, output_dir=folder, **options)


def scores(fold: Fold, folder: Path) -> "pd.Series[float]":
    names = ["rmsd_backmap_mean", "energy_score", "consistency", "graph_xor", "phi_psi_energy_distance"]
    table = score(fold.frames, fold.split, fold.mapping, folder / "samples.npz", names)
    return table.set_index(["metric", "atoms"])["value"]


def test_an_entry_is_a_run(fold: Fold, tmp_path: Path) -> None:
    samples = fold.noisy(4)
    path = write(tmp_path / "p.npz", samples)
    found = entered(fold, path, tmp_path)
    assert (found.n_frames, found.n_samples) == (20, 4)
    stored = Samples.load(tmp_path / "samples.npz")
    np.testing.assert_array_equal(stored.samples, samples)
    np.testing.assert_array_equal(stored.reconstruction, samples[:, 0])
    np.testing.assert_array_equal(stored.frame_index, fold.split.test)
    run = read_run(tmp_path / "run.json")
    assert {key: run[key] for key in vars(RUN)} == vars(RUN)
    assert (run["stochastic"], run["bound"], run["task"]) == (True, None, None)
    assert run["predictions.sha256"] == sha256(path)
    assert run["card.test_molecules"] == "excluded"


def test_one_geometry_counts_as_equal_samples(fold: Fold, tmp_path: Path) -> None:
    truth = fold.noisy(1, 0.0)
    found = entered(
        fold,
        write(tmp_path / "p.npz", truth),
        tmp_path,
        card=CARD.model_copy(update={"deterministic": True}),
    )
    assert len(found.notes) == 1 and "0.000 Å (median RMSD)" in found.notes[0]
    stored = Samples.load(tmp_path / "samples.npz")
    assert stored.samples.shape[1] == 4 and not np.ptp(stored.samples, axis=1).any()
    assert not read_json(tmp_path / "run.json")["stochastic"]
    assert scores(fold, tmp_path)["rmsd_backmap_mean", "all"] == 0


def test_the_first_of_more_samples_are_used(fold: Fold, tmp_path: Path) -> None:
    samples = fold.noisy(6)
    found = entered(fold, write(tmp_path / "p.npz", samples), tmp_path)
    assert "the first 4 of 6 samples are used" in found.notes
    np.testing.assert_array_equal(Samples.load(tmp_path / "samples.npz").samples, samples[:, :4])


def test_too_few_samples_and_a_wrong_card_are_refused(fold: Fold, tmp_path: Path) -> None:
    path = write(tmp_path / "p.npz", fold.noisy(3))
    with pytest.raises(InputError, match=r"p\.npz: 3 samples of each frame, but the protocol has 4; give 4"):
        entered(fold, path, tmp_path)
    card = CARD.model_copy(update={"deterministic": True})
    with pytest.raises(InputError, match=r"p\.npz: samples of a frame differ, but the card says"):
        entered(fold, path, tmp_path, card=card)
    assert not (tmp_path / "run.json").exists()


def test_moved_beads_are_reported_and_not_corrected(
    fold: Fold, tmp_path: Path, rng: np.random.Generator
) -> None:
    """Each bead by 1 Å in a direction of its own."""
    directions = rng.normal(size=(20, 1, 3, 3))
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    samples = (fold.truth[:, None] + fold.mapping.lift(directions)).astype(np.float32)
    found = entered(fold, write(tmp_path / "p.npz", samples), tmp_path)
    assert "beads are 1.000 Å (median RMSD) to 1.000 Å (largest) from the given ones" in found.notes
    assert scores(fold, tmp_path)["consistency", "all"] == pytest.approx(1, abs=1e-4)
    np.testing.assert_array_equal(Samples.load(tmp_path / "samples.npz").samples[:, 0], samples[:, 0])


def test_heavy_atoms_alone_are_scored_as_heavy_atoms(
    fold: Fold, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples, heavy = fold.noisy(4), np.flatnonzero(fold.frames.molecule.heavy)
    entered(fold, write(tmp_path / "all.npz", samples), tmp_path / "all")
    expected = scores(fold, tmp_path / "all")
    capsys.readouterr()
    found = entered(fold, write(tmp_path / "p.npz", samples[:, :, heavy]), tmp_path / "heavy")
    assert "hydrogens are missing: scored by heavy atoms only" in found.notes
    values = scores(fold, tmp_path / "heavy")
    assert set(values.index) == {
        *product(["rmsd_backmap_mean", "energy_score"], ["heavy", "backbone", "sidechain"]),
        ("graph_xor", "heavy"),
        ("phi_psi_energy_distance", "all"),
    }
    pd.testing.assert_series_equal(values, expected[values.index])
    printed = capsys.readouterr().err
    assert "energy_score (all atoms): left out, because the samples lack 12 atoms\n" in printed
    assert "consistency (all atoms): left out" in printed, "beads are means over hydrogens, too"


def test_caps_may_be_missing_and_nothing_that_needs_them_is_scored(
    fold: Fold, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples, molecule = fold.noisy(4), fold.frames.molecule
    entered(fold, write(tmp_path / "all.npz", samples), tmp_path / "all")
    names = [
        "energy_score",
        "energy_score_symmetric",
        "diversity",
        "graph_xor",
        "chirality_right",
        "omega_cis",
    ]

    def values(folder: Path) -> "pd.Series[float]":
        table = score(fold.frames, fold.split, fold.mapping, folder / "samples.npz", names)
        return table.set_index(["metric", "atoms"])["value"]

    expected = values(tmp_path / "all")
    residue = np.flatnonzero((molecule.residue_index == 1) & molecule.heavy)
    topology = molecule_to_mdtraj(molecule).subset(residue)
    path = pdb(tmp_path / "p.pdb", samples[:, :, residue].reshape(-1, len(residue), 3), topology)
    found = entered(fold, path, tmp_path / "without")
    assert found.notes[:2] == (
        "hydrogens are missing",
        "5 heavy atoms of caps or ends are missing: ACE1 C, ACE1 O, ACE1 CH3, NME3 N, NME3 C; scored by "
        "backbone and side chains, which do not contain them",
    )
    scored = values(tmp_path / "without")
    assert set(scored.index) == {
        *product(["energy_score", "diversity"], ["backbone", "sidechain"]),
        ("chirality_right", "all"),
    }
    pd.testing.assert_series_equal(scored, expected[scored.index], atol=1e-3)
    assert "omega_cis (all atoms): left out, because the samples lack 17 atoms" in capsys.readouterr().err


def test_consistency_is_known_where_no_bead_depends_on_a_hydrogen(fold: Fold, tmp_path: Path) -> None:
    molecule = fold.frames.molecule
    weights = np.zeros(22)
    weights[[int(np.flatnonzero((molecule.residue_index == k) & molecule.heavy)[0]) for k in range(3)]] = 1
    fold = replace(fold, mapping=Mapping(molecule.residue_index, weights))
    heavy = np.flatnonzero(molecule.heavy)
    entered(fold, write(tmp_path / "p.npz", fold.noisy(4, 0.0)[:, :, heavy]), tmp_path)
    assert scores(fold, tmp_path)["consistency", "all"] < 1e-6


@pytest.mark.parametrize(("names", "renumbered"), [({}, False), (CHARMM, False), (GROMACS, True)])
def test_hydrogens_of_ch2_groups_are_told_by_their_chirality(
    names: dict[str, str], renumbered: bool, chignolin: Frames, tmp_path: Path
) -> None:
    frames = chignolin
    fold = Fold.of(frames, Mapping.centres(frames.molecule.residue_index))
    path = pdb(tmp_path / "p.pdb", fold.truth, renamed(frames.molecule, names))
    found = entered(fold, path, tmp_path)
    stored = Samples.load(tmp_path / "samples.npz")
    assert np.abs(stored.samples[:, 0] - fold.truth).max() < 0.001
    said = [note for note in found.notes if "CH2" in note]
    assert said == (
        ["hydrogens 1 and 2 of 11 CH2 groups were read as 2 and 3, as their chirality shows, not as 3 and 2"]
        if renumbered
        else []
    )
